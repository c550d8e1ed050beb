import type { MessageHeader } from 'node-rdkafka';
import { type CheckInOptions, CheckIns, references } from './generate.ts';
import type { Arm, BenchOptions, Figures } from './harness.ts';
import type { KafkaLoad } from './kafka-load.ts';
import { profiling, reportProfile } from './profile.ts';
import { type Running, runCommand, type ServiceSetup, startService } from './service-process.ts';
import { type Watched, watch } from './watch.ts';

/** Input of pipelines: check-ins and what they refer to, under a topic prefix of their own. */
export interface Load {
  readonly topic: string;
  readonly prefix: string;
  readonly partitions: number;
  readonly records: number;
  /** Of its first record. */
  readonly valueBytes: number;
}

export const OUTPUT = 'device-analytics';
export const KEYS = 50_000;

let loads = 0;

/** Makes a load at the first call, with the topics that the product writes. */
export function lazyLoad(kafka: KafkaLoad, make: () => Promise<Load>): () => Promise<Load> {
  let made: Promise<Load> | undefined;
  const makeAll = async (): Promise<Load> => {
    const load = await make();
    applyTopics(kafka, load);
    return load;
  };
  return () => {
    made ??= makeAll();
    return made;
  };
}

/** Makes topics under a new prefix, unless the broker makes them by itself (`partitions` null), and fills them. */
export async function makeLoad(
  kafka: KafkaLoad,
  records: number,
  options: Partial<CheckInOptions> = {},
  more: {
    readonly partitions?: number | null;
    readonly headers?: readonly MessageHeader[];
    /** Number of the first record: later ones are newer changes of the same rows. */
    readonly from?: number;
  } = {},
): Promise<Load> {
  loads += 1;
  const prefix = `load${loads}`;
  const checkIns = new CheckIns({ keys: KEYS, ...options, prefix });
  // Read again as newer ones: what comes a second time in one version is work that a process may have died over.
  const from = more.from ?? 0;
  const known = references(prefix, from);
  const wanted = more.partitions === undefined ? 12 : more.partitions;
  const topics = new Set([...known.map(({ topic }) => topic), checkIns.topic]);
  if (wanted !== null) {
    // What there is little of needs no more partitions than usual.
    for (const topic of topics)
      await kafka.createTopic(topic, topic === checkIns.topic ? wanted : Math.min(wanted, 12));
  }
  const partitions = wanted ?? (await kafka.partitions(checkIns.topic));
  for (const { topic, record } of known) {
    if (wanted === null) await kafka.partitions(topic);
    await kafka.send(topic, record, null, more.headers);
  }
  await kafka.fill(checkIns.topic, records, (index) => checkIns.record(from + index), more.headers);
  const { low } = await kafka.ends(checkIns.topic, partitions);
  if (low > 0) throw new Error(`the broker has dropped ${low} of ${records} records already: take fewer`);
  const valueBytes = Buffer.byteLength(checkIns.record(from).value);
  return { topic: checkIns.topic, prefix, partitions, records, valueBytes };
}

export interface PipelineArmSpec {
  readonly name: string;
  readonly kafka: KafkaLoad;
  /** Made when an arm first needs it. */
  readonly load: () => Promise<Load>;
  readonly workers: number;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly options: BenchOptions;
  /** A server whose CPU is told, too. */
  readonly serverPid?: number;
  /** Further figures of a run. */
  readonly also?: (watched: Watched) => Figures;
}

/** The product's own process over a load, seen from outside. */
export function pipelineArm(spec: PipelineArmSpec): Arm {
  return { name: spec.name, measure: () => measurePipeline(spec) };
}

async function measurePipeline(spec: PipelineArmSpec): Promise<Figures> {
  const { kafka, options } = spec;
  const load = await spec.load();
  const group = `bench-${spec.name.replaceAll(/\W+/g, '-')}-${Date.now()}`;
  const profile = profiling(options.profileDir, group);
  const setup: ServiceSetup = {
    kafka: kafka.address,
    group,
    workers: spec.workers,
    prefix: load.prefix,
    ...(spec.config === undefined ? {} : { config: spec.config }),
    ...profile,
  };
  const { figures } = await watchOver(load, OUTPUT, {
    ...spec,
    group,
    start: () => startService(setup),
    whileRunning: async (watched) => {
      if (profile !== undefined) await reportProfile(profile, watched, options.log);
      return spec.also?.(watched) ?? {};
    },
  });
  return figures;
}

export interface WatchedRun {
  readonly kafka: KafkaLoad;
  readonly group: string;
  readonly start: () => Running;
  /** A server whose CPU is told, too. */
  readonly serverPid?: number;
  /** Further figures, while the program is still there. */
  readonly whileRunning?: (watched: Watched) => Promise<Figures>;
}

/** Starts a program over a load, watches it from outside to the load's end, and stops it. */
export async function watchOver(load: Load, output: string, run: WatchedRun): Promise<Watched> {
  const { kafka, group, serverPid, whileRunning } = run;
  const outputPartitions = await kafka.partitions(output);
  const before = await kafka.ends(output, outputPartitions);
  const running = run.start();
  try {
    const watched = await watch(running, {
      kafka,
      group,
      input: load.topic,
      output,
      partitions: { input: load.partitions, output: outputPartitions },
      records: load.records,
      outputBefore: before.high,
      ...(serverPid === undefined ? {} : { serverPid }),
    });
    return { ...watched, figures: { ...watched.figures, ...(await whileRunning?.(watched)) } };
  } finally {
    await running.stop();
  }
}

/** Makes the topics that the product writes. */
export function applyTopics(kafka: KafkaLoad, load: Load): void {
  runCommand({ kafka: kafka.address, group: 'unused', workers: 1, prefix: load.prefix }, 'topics', 'apply');
}
