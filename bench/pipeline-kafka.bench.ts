import {
  type Arm,
  type BenchOptions,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { CONTEXT_HEADERS, KafkaLoad } from './kafka-load.ts';
import { preparePeer } from './peers/kafka-streams.ts';
import { lazyLoad, makeLoad, pipelineArm } from './pipeline-arm.ts';
import { benchKafka } from './servers.ts';

/** Kafka to Kafka without a store on a real broker, beside a Kafka Streams program that does less; `peers` has one that does the same. */
export const pipelineKafka: Subject = {
  name: 'pipeline-kafka',
  about: 'Kafka to Kafka without a store, on a real broker, beside Kafka Streams',
  shown: [
    'records_per_second',
    'cpu_us_per_record',
    'main_us_per_record',
    'whole_cpu_us_per_record',
    'first_output_seconds',
    'rss_peak_mb',
  ],
  rounds: 3,
  warmUp: false,
  smoke: false,
  open,
};

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  // A JVM is still compiling at a third of this.
  const records = recordCount(options, 1_000_000, 10_000);
  const kafka = await KafkaLoad.connect(server.address);
  const plain = lazyLoad(kafka, () => makeLoad(kafka, records));
  const headers = lazyLoad(kafka, () => makeLoad(kafka, records, {}, { headers: CONTEXT_HEADERS }));
  // Six times the bytes: a third of the records takes as long to make, and is enough.
  const schemaRecords = Math.ceil(records / 3);
  const schema = lazyLoad(kafka, () => makeLoad(kafka, schemaRecords, { schema: true }));
  const peer = options.profileDir === undefined ? await preparePeer(kafka, records) : 'left out of a profile';
  const arm = (name: string, load: typeof plain, workers: number, config = {}): Arm =>
    pipelineArm({ name, kafka, load, workers, options, config });
  const byObjects = { handover: 'plain' };
  return {
    arms: [
      arm('1 worker', plain, 1),
      ...(typeof peer === 'string' ? [] : [peer.arm('Kafka Streams, 2 threads')]),
      arm('2 workers', plain, 2),
      arm('1 worker, plain hand-over', plain, 1, byObjects),
      arm('2 workers, plain hand-over', plain, 2, byObjects),
      arm('2 workers, Debezium headers', headers, 2),
      arm('2 workers, schema', schema, 2),
    ],
    settings: {
      records,
      schemaRecords,
      codec: 'lz4',
      acks: 'all',
    },
    versions: { ...started.versions, ...(typeof peer === 'string' ? {} : { 'kafka-streams': peer.version }) },
    notes: [
      'Broker, program and observer share the cores. Rate and CPU of the last three quarters; CPU of all threads of the program.',
      ...(typeof peer === 'string' ? [`No peer: ${peer}.`] : []),
    ],
    close: async () => {
      await kafka.close();
      await server.stop();
    },
  };
}
