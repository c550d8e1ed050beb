import {
  type Arm,
  type BenchOptions,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { type JavaProgram, javaArm, javaPeers, PEERS_DEAD_LETTERS, PEERS_OUTPUT } from './peers/java-arm.ts';
import { referenceConfig } from './peers/reference-file.ts';
import { verifyPeers } from './peers/verify.ts';
import { applyTopics, lazyLoad, makeLoad, pipelineArm } from './pipeline-arm.ts';
import { benchKafka } from './servers.ts';

/** The product beside programs in Java that do exactly its analytics work: Kafka Streams, and a plain consumer and producer. */
export const peers: Subject = {
  name: 'peers',
  about: 'the product beside Kafka Streams and plain Java doing exactly its analytics work',
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
  const java = javaPeers();
  if (typeof java === 'string') return { skipped: java };
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  const records = recordCount(options, 1_000_000, 10_000);
  const kafka = await KafkaLoad.connect(server.address);
  const config = referenceConfig();
  const close = async (): Promise<void> => {
    await kafka.close();
    await server.stop();
  };
  try {
    const verified = await verifyPeers(kafka, java, config, (load) => applyTopics(kafka, load));
    options.log(`  ${verified}`);
    for (const topic of [PEERS_OUTPUT, PEERS_DEAD_LETTERS]) await kafka.createTopic(topic, 12);
    const plain = lazyLoad(kafka, () => makeLoad(kafka, records));
    const product = (name: string, workers: number): Arm =>
      pipelineArm({ name, kafka, load: plain, workers, config, options });
    const peer = (name: string, program: JavaProgram, threads: number): Arm =>
      javaArm({ name, peers: java, program, threads, kafka, load: plain });
    return {
      arms: [
        product('1 worker', 1),
        peer('Kafka Streams, 2 threads', 'StreamsProgram', 2),
        product('2 workers', 2),
        peer('plain Java, 2 threads', 'PlainProgram', 2),
      ],
      settings: { records, codec: 'lz4', acks: 'all' },
      versions: { ...started.versions, ...java.versions },
      notes: [verified],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
