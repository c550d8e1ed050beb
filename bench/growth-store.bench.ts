import { applySchema } from '../src/cli/schema.ts';
import { type Axis, arrangedBy, closeAll } from './growth.bench.ts';
import type { Counters, GrowthRun } from './growth-arm.ts';
import { type BenchOptions, type OpenSubject, recordCount, type Skipped, type Subject } from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { applyTopics, type Load, lazyLoad, makeLoad } from './pipeline-arm.ts';
import { benchCassandra, benchKafka } from './servers.ts';
import { runCommand } from './service-process.ts';
import { workerSettings } from './worker-settings.ts';

/**
 * How cost grows where the store answers: what a reference costs that is not in the cache, and changes that pile up on one row. Over a real
 * Cassandra, whose writes are most of the cost, and for the hot key without a store beside it.
 */

const SHOWN = ['records_per_second', 'cpu_us_per_record', 'server_cpu_us_per_record', 'rss_peak_mb'];
const KEYSPACE = 'bench_growth';
const SHARED = 'Broker, Cassandra, program and observer share the cores.';
/**
 * Devices: few enough that all of them are rows, and seen once by the measured process, before the last three quarters of the records. One
 * that is not in the cache costs as much as one that was never seen, so fewer where that is the question.
 */
const KEYS_OF_MISSES = 300;
const KEYS_OF_HOT_KEY = 1000;

export const growthMisses: Subject = {
  name: 'growth-misses',
  about: 'how cost grows: references that are not in the cache, 0 to 99 %',
  shown: ['miss_percent', ...SHOWN],
  rounds: 2,
  warmUp: false,
  smoke: false,
  open: openMisses,
};

export const growthHotKey: Subject = {
  name: 'growth-hot-key',
  about: 'how cost grows: one key with 0 to 90 % of the changes',
  shown: SHOWN,
  rounds: 2,
  warmUp: false,
  smoke: false,
  open: openHotKey,
};

/** From all references to hardly any: about 450 bytes each, of the devices, as many sites, and 100 organisations. */
const CACHE_BYTES = [64 * 2 ** 20, 240_000, 150_000, 60_000, 1024];

async function openMisses(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const stage = await openStage(KEYS_OF_MISSES);
  if (typeof stage === 'string') return { skipped: stage };
  const records = recordCount(options, 60_000, 500);
  const axis: Omit<Axis, 'values'> = {
    label: '% of references looked up that are not in the cache',
    scale: 'linear',
    figure: 'miss_percent',
  };
  const runs = CACHE_BYTES.map((cacheBytes): [number, GrowthRun] => [
    cacheBytes,
    {
      ...stage.run(`cache of ${Math.ceil(cacheBytes / 1024)} kB`, records, {}),
      config: { ...stage.config, references: { cacheBytes } },
      workers: 1,
      counted: (before, after) => {
        // Where all batches were done before the first look, there is nothing after it.
        const share = (since: Counters | undefined): number => {
          const grown = (result: string): number => {
            const metric = `openframe_stream_reference_lookups_total{result="${result}"`;
            return after(metric) - (since?.(metric) ?? 0);
          };
          return (grown('miss') / (grown('miss') + grown('hit'))) * 100;
        };
        const last = share(before);
        return { miss_percent: Number.isNaN(last) ? share(undefined) : last };
      },
    },
  ]);
  return {
    ...arrangedBy(axis, runs, { records, keys: KEYS_OF_MISSES }),
    versions: stage.versions,
    notes: [
      SHARED,
      'Every reference is in the store; the share of misses is what the program counted. One worker.',
    ],
    close: stage.close,
  };
}

async function openHotKey(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const stage = await openStage(KEYS_OF_HOT_KEY);
  if (typeof stage === 'string') return { skipped: stage };
  const stored = Math.min(100_000, recordCount(options, 100_000, 500));
  const plain = recordCount(options, 150_000, 1000);
  const shares = [0, 0.3, 0.6, 0.9];
  const name = (share: number, store: string): string => `${share * 100} % on one key, ${store}`;
  const runs = shares.flatMap((oneKeyShare): [number, GrowthRun][] => {
    const load = lazyLoad(stage.kafka, () => makeLoad(stage.kafka, plain, { oneKeyShare }));
    const withStore = stage.run(name(oneKeyShare, 'Cassandra'), stored, { oneKeyShare });
    return [
      [oneKeyShare * 100, { name: name(oneKeyShare, 'no store'), kafka: stage.kafka, load, workers: 2 }],
      [oneKeyShare * 100, { ...withStore, workers: 2 }],
    ];
  });
  const series = Object.fromEntries(
    shares.flatMap((share) => ['no store', 'Cassandra'].map((store) => [name(share, store), store])),
  );
  return {
    ...arrangedBy({ label: '% of the changes that are of one key', scale: 'linear', series }, runs, {
      records: plain,
      recordsWithStore: stored,
      keysWithStore: KEYS_OF_HOT_KEY,
    }),
    versions: stage.versions,
    notes: [SHARED, 'Two workers; the key is in one partition, so its changes are all of one of them.'],
    close: stage.close,
  };
}

/** Kafka and Cassandra with every reference and device in the store, so that no row waits for another while it is measured. */
async function openStage(keys: number) {
  const broker = await benchKafka();
  if (typeof broker === 'string') return broker;
  const node = await benchCassandra();
  if (typeof node === 'string') {
    await broker.server.stop();
    return node;
  }
  const { address, pid: serverPid } = node.server;
  const kafka = await KafkaLoad.connect(broker.server.address);
  await applySchema(workerSettings(address, KEYSPACE).store);
  const cassandra = { contactPoints: [address], keyspace: KEYSPACE, requestTimeoutMs: 30_000 };
  const config = { store: { kind: 'cassandra', cassandra } };
  let made = 0;
  // Each time later changes of the same rows: the store would only refuse the same ones again.
  const laterLoad = async (records: number, more: { readonly oneKeyShare?: number }): Promise<Load> => {
    const load = await makeLoad(kafka, records, { keys, ...more }, { from: made });
    made += records;
    applyTopics(kafka, load);
    return load;
  };
  // Sites and organisations before the devices that are theirs: a row that comes first is completed later, which takes much longer.
  for (const records of [0, keys * 4]) {
    const { prefix } = await laterLoad(records, {});
    const setup = { kafka: kafka.address, group: `bench-first-${records}`, workers: 1, prefix, config };
    runCommand(setup, 'run', '--until-idle', '2');
  }
  return {
    kafka,
    config,
    versions: { ...broker.versions, ...node.versions },
    run: (name: string, records: number, more: { readonly oneKeyShare?: number }) => ({
      name,
      kafka,
      load: () => laterLoad(records, more),
      config,
      serverPid,
    }),
    close: () => closeAll(kafka, [broker, node]),
  };
}
