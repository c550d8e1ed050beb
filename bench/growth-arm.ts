import { setTimeout as sleep } from 'node:timers/promises';
import type { Arm, Figures } from './harness.ts';
import { GroupOffsets, type KafkaLoad } from './kafka-load.ts';
import { memoryMb, processTimes } from './machine.ts';
import type { Load } from './pipeline-arm.ts';
import { logTail, type Running, startService } from './service-process.ts';

/**
 * One or more of the product's processes in one group over a load, watched by what the group has committed: that counts a record once,
 * whatever becomes of it, and it is what an operator sees.
 */
export interface GrowthRun {
  readonly name: string;
  readonly kafka: KafkaLoad;
  /** Made for each measurement where the store would know the records of the last one. */
  readonly load: () => Promise<Load>;
  readonly workers: number;
  readonly processes?: number;
  readonly config?: Readonly<Record<string, unknown>>;
  /** The store's process. */
  readonly serverPid?: number;
  /** Further figures from counters of the program, read when a quarter of the records was done, and at the end. */
  readonly counted?: (before: Counters, after: Counters) => Figures;
}

/** Sum of a metric over all labels but those in the name, as `name{label="value"}`. */
export type Counters = (metric: string) => number;

interface Look {
  readonly at: number;
  readonly committed: number;
  readonly cpuSeconds: number;
  readonly mainSeconds: number;
  readonly serverSeconds: number;
  readonly rssMb: number;
}

const LOOK_MS = 100;
const STALLED_MS = 90_000;

export function growthArm(run: GrowthRun): Arm {
  return { name: run.name, measure: () => measureGrowth(run) };
}

async function measureGrowth(run: GrowthRun): Promise<Figures> {
  const load = await run.load();
  const group = `bench-${run.name.replaceAll(/\W+/g, '-')}-${Date.now()}`;
  const setup = { kafka: run.kafka.address, group, workers: run.workers, prefix: load.prefix };
  const config = run.config === undefined ? {} : { config: run.config };
  const running = Array.from({ length: run.processes ?? 1 }, () => startService({ ...setup, ...config }));
  const offsets = await GroupOffsets.connect(run.kafka.address, group);
  try {
    let before: Counters | undefined;
    const looks = await watchCommits(running, offsets, load, run.serverPid, async () => {
      before = run.counted === undefined ? undefined : await countersOf(running);
    });
    const counted = before === undefined ? {} : run.counted?.(before, await countersOf(running));
    return { ...figuresOf(looks, load), ...counted };
  } finally {
    await offsets.close();
    await Promise.all(running.map((one) => one.stop()));
  }
}

async function watchCommits(
  running: readonly Running[],
  offsets: GroupOffsets,
  load: Load,
  serverPid: number | undefined,
  atQuarter: () => Promise<void>,
): Promise<Look[]> {
  const looks: Look[] = [];
  let grewAt = performance.now();
  let quarter = false;
  for (;;) {
    const committed = await offsets.committed(load.topic, load.partitions);
    const at = performance.now();
    if (committed > (looks.at(-1)?.committed ?? -1)) grewAt = at;
    looks.push({ at, committed, ...costOf(running, serverPid) });
    if (committed >= load.records) return looks;
    if (!quarter && committed >= load.records / 4) {
      quarter = true;
      await atQuarter();
    }
    const ended = running.find((one) => one.ended() !== undefined);
    const stuck = ended ?? (at - grewAt > STALLED_MS ? running[0] : undefined);
    if (stuck !== undefined)
      throw new Error(`no progress at ${committed} of ${load.records} records:\n${logTail(stuck)}`);
    await sleep(LOOK_MS);
  }
}

function costOf(running: readonly Running[], serverPid: number | undefined): Omit<Look, 'at' | 'committed'> {
  const times = running.map(({ pid }) => processTimes(pid));
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  return {
    cpuSeconds: sum(times.map(({ cpuSeconds }) => cpuSeconds)),
    mainSeconds: sum(times.map(({ mainSeconds }) => mainSeconds)),
    serverSeconds: serverPid === undefined ? 0 : processTimes(serverPid).cpuSeconds,
    rssMb: sum(running.map(({ pid }) => memoryMb(pid).now)),
  };
}

/** Of the last three quarters; of all where the records were done so quickly that no look fell between. */
function figuresOf(looks: readonly Look[], load: Load): Figures {
  const last = looks.at(-1);
  const warm =
    looks.find(({ committed }) => committed >= load.records / 4 && committed < load.records / 2) ??
    looks.findLast(({ committed }) => committed === 0);
  if (last === undefined || warm === undefined) throw new Error('nothing was seen');
  const records = last.committed - warm.committed;
  const perRecord = (name: 'cpuSeconds' | 'mainSeconds' | 'serverSeconds'): number =>
    ((last[name] - warm[name]) / records) * 1e6;
  const rate = records / ((last.at - warm.at) / 1000);
  return {
    records_per_second: rate,
    mb_per_second: (rate * load.valueBytes) / 1e6,
    cpu_us_per_record: perRecord('cpuSeconds'),
    main_us_per_record: perRecord('mainSeconds'),
    ...(last.serverSeconds > 0 ? { server_cpu_us_per_record: perRecord('serverSeconds') } : {}),
    rss_peak_mb: Math.max(...looks.map(({ rssMb }) => rssMb)),
    value_bytes: load.valueBytes,
    records: load.records,
  };
}

async function countersOf(running: readonly Running[]): Promise<Counters> {
  const texts = await Promise.all(
    running.map(async (one) => {
      const port = /"port":(\d+).*management port open/.exec(logTail(one, 1000))?.[1];
      const answer = await fetch(`http://127.0.0.1:${port}/management/v1/prometheus`);
      return answer.text();
    }),
  );
  const lines = texts.flatMap((text) => text.split('\n'));
  return (metric) =>
    lines
      .filter((line) => line.startsWith(metric))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
