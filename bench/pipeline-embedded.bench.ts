import { EmbeddedBroker } from '../src/cli/embedded-broker.ts';
import { type BenchOptions, type OpenSubject, recordCount, type Subject } from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { makeLoad, OUTPUT, pipelineArm } from './pipeline-arm.ts';

/** Kafka to Kafka without a store, over the broker inside this process: on any machine that has Node. */
export const pipelineEmbedded: Subject = {
  name: 'pipeline-embedded',
  about: "Kafka to Kafka without a store, on librdkafka's mock broker",
  shown: ['records_per_second', 'cpu_us_per_record', 'main_us_per_record', 'rss_peak_mb'],
  rounds: 3,
  warmUp: false,
  smoke: true,
  open,
};

async function open(options: BenchOptions): Promise<OpenSubject> {
  // The mock keeps 5 MB a partition, compressed, and drops what is older.
  const records = recordCount(options, 100_000, 20_000);
  const broker = await EmbeddedBroker.start();
  const kafka = await KafkaLoad.connect(broker.address);
  const load = await makeLoad(kafka, records, {}, { partitions: null });
  await kafka.partitions(OUTPUT);
  const workers = options.smoke ? [1] : [1, 2, 4];
  return {
    arms: workers.map((count) =>
      pipelineArm({
        name: `${count} workers`,
        kafka,
        load: () => Promise.resolve(load),
        workers: count,
        options,
      }),
    ),
    settings: { records, partitions: load.partitions, codec: 'lz4' },
    notes: ['The mock broker runs in the bench process and is not counted.'],
    close: async () => {
      await kafka.close();
      await broker.close();
    },
  };
}
