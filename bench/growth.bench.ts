import { type GrowthRun, growthArm } from './growth-arm.ts';
import { type BenchOptions, type OpenSubject, recordCount, type Skipped, type Subject } from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { lazyLoad, makeLoad } from './pipeline-arm.ts';
import { type BenchServer, benchKafka } from './servers.ts';

/**
 * How cost grows with one thing at a time, each question a subject, on a real broker and without a store. The questions whose answer is in
 * the store are in growth-store.bench.ts.
 */

const SHOWN = ['records_per_second', 'cpu_us_per_record', 'main_us_per_record', 'rss_peak_mb'];
const SHARED = 'Broker, program and observer share the cores.';

/** What the arms of a question differ in: a chart's horizontal axis. */
export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
  /** The place of each arm; of arms without one, the figure `figure` says it. */
  readonly values: Readonly<Record<string, number>>;
  readonly figure?: string;
  /** The line that an arm belongs to, where there are several. */
  readonly series?: Readonly<Record<string, string>>;
}

interface Question {
  readonly name: string;
  readonly about: string;
  readonly axis: Omit<Axis, 'values'>;
  readonly shown?: readonly string[];
  readonly notes?: readonly string[];
  /** Records of the largest arm in a whole run. */
  readonly records: number;
  runs(kafka: KafkaLoad, records: number): readonly (readonly [x: number, run: GrowthRun])[];
}

/** Bytes of an arm's records in all: large records need not be as many. */
const BYTES_MAX = 400_000_000;

const SIZES: Question = {
  name: 'growth-size',
  about: 'records of 0.3 to 900 kB',
  axis: { label: 'bytes of a value', scale: 'log' },
  shown: ['records_per_second', 'mb_per_second', 'cpu_us_per_record', 'main_us_per_record', 'rss_peak_mb'],
  records: 150_000,
  notes: [
    'A record of 0.3 kB has four columns, one of 1 kB those that are read; a larger one is the whole row with one long column that nothing is read from. One worker.',
  ],
  runs: (kafka, records) =>
    [300, 1000, 4000, 64_000, 900_000].map((valueBytes) => {
      const count = Math.max(20, Math.min(records, Math.ceil(BYTES_MAX / valueBytes)));
      const load = lazyLoad(kafka, () => makeLoad(kafka, Math.min(count, records), { valueBytes }));
      return [valueBytes, { name: `${valueBytes / 1000} kB`, kafka, load, workers: 1 }];
    }),
};

const PARTITIONS: Question = {
  name: 'growth-partitions',
  about: '1 to 1,000 partitions',
  axis: { label: 'partitions of the topic', scale: 'log' },
  records: 150_000,
  notes: ['Two workers: with one partition, one of them has nothing to do.'],
  runs: (kafka, records) =>
    [1, 10, 100, 1000].map((partitions) => {
      const load = lazyLoad(kafka, () => makeLoad(kafka, records, {}, { partitions }));
      return [partitions, { name: counted(partitions, 'partition'), kafka, load, workers: 2 }];
    }),
};

const WORKERS: Question = {
  name: 'growth-workers',
  about: '1 to 4 workers',
  axis: { label: 'workers', scale: 'linear' },
  records: 200_000,
  runs: (kafka, records) => {
    const load = lazyLoad(kafka, () => makeLoad(kafka, records));
    return [1, 2, 3, 4].map((workers) => [
      workers,
      { name: counted(workers, 'worker'), kafka, load, workers },
    ]);
  },
};

const PROCESSES: Question = {
  name: 'growth-processes',
  about: '1 to 3 processes of one group',
  axis: { label: 'processes', scale: 'linear' },
  // The group takes some seconds to share its partitions: the quarter that is left out has to be longer than that.
  records: 400_000,
  notes: ['One worker each; CPU and memory of all processes together.'],
  runs: (kafka, records) => {
    const load = lazyLoad(kafka, () => makeLoad(kafka, records));
    return [1, 2, 3].map((processes) => [
      processes,
      { name: counted(processes, 'process', 'processes'), kafka, load, workers: 1, processes },
    ]);
  },
};

const KEYS: Question = {
  name: 'growth-keys',
  about: '10 thousand to 10 million keys',
  axis: { label: 'keys', scale: 'log' },
  records: 200_000,
  notes: [
    'Keys come at random, so with more keys than records nearly every record is of a key of its own. Without a store, where the first sight of a key costs a read beside this; one worker.',
  ],
  runs: (kafka, records) =>
    [10_000, 100_000, 1_000_000, 10_000_000].map((keys) => {
      const load = lazyLoad(kafka, () => makeLoad(kafka, records, { keys }));
      return [keys, { name: counted(keys, 'key'), kafka, load, workers: 1 }];
    }),
};

export const GROWTH: readonly Subject[] = [SIZES, PARTITIONS, WORKERS, PROCESSES, KEYS].map(subjectOf);

function subjectOf(question: Question): Subject {
  return {
    name: question.name,
    about: `how cost grows: ${question.about}`,
    shown: question.shown ?? SHOWN,
    rounds: 2,
    warmUp: false,
    smoke: false,
    open: (options) => open(question, options),
  };
}

async function open(question: Question, options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const kafka = await KafkaLoad.connect(started.server.address);
  const records = recordCount(options, question.records, 1000);
  return {
    ...arrangedBy(question.axis, question.runs(kafka, records), { records }),
    versions: started.versions,
    notes: [SHARED, ...(question.notes ?? [])],
    close: () => closeAll(kafka, [started]),
  };
}

/** Arms, and where a chart puts them. */
export function arrangedBy(
  axis: Omit<Axis, 'values'>,
  runs: readonly (readonly [x: number, run: GrowthRun])[],
  settings: Readonly<Record<string, unknown>>,
): Pick<OpenSubject, 'arms' | 'settings'> {
  const values = Object.fromEntries(runs.map(([x, { name }]) => [name, x]));
  return {
    arms: runs.map(([, run]) => growthArm(run)),
    settings: { ...settings, axis: { ...axis, values } },
  };
}

export async function closeAll(kafka: KafkaLoad, servers: readonly BenchServer[]): Promise<void> {
  await kafka.close();
  for (const { server } of servers) await server.stop();
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
