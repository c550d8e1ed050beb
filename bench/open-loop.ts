import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { must } from '../src/shared/assert.ts';
import type { Figures } from './harness.ts';
import { GroupOffsets, type KafkaLoad } from './kafka-load.ts';
import { processTimes } from './machine.ts';
import { dueAt, type Pace, PacedLoad, partitionAt } from './paced-load.ts';
import { type Load, makeLoad } from './pipeline-arm.ts';
import { logTail, type Running, startService } from './service-process.ts';

/** Records at a fixed rate into a topic that a program reads, and when the program has committed each of them. */

export interface LatencyRun {
  readonly kafka: KafkaLoad;
  readonly workers: number;
  /** Records a second. */
  readonly rate: number;
  /** How long records come that count; a quarter as many come before. */
  readonly seconds: number;
}

const PARTITIONS = 12;
const LOOK_MS = 3;
/** The program has to be there first: these records are waiting for it. */
const WARM_RECORDS = 150_000;
const ENDS_WITHIN_MS = 120_000;

export async function openLoop(run: LatencyRun): Promise<Figures> {
  const { kafka, workers } = run;
  const load = await makeLoad(kafka, WARM_RECORDS, {}, { partitions: PARTITIONS });
  const group = `bench-latency-${Date.now()}`;
  const running = startService({ kafka: kafka.address, group, workers, prefix: load.prefix });
  const offsets = await GroupOffsets.connect(kafka.address, group);
  try {
    await until(running, async () => (await offsets.committed(load.topic, PARTITIONS)) >= WARM_RECORDS);
    const before = Math.ceil((run.seconds / 4) * run.rate);
    const total = before + Math.ceil(run.seconds * run.rate);
    const { topic, prefix } = load;
    const place = { address: kafka.address, topic, prefix, partitions: PARTITIONS };
    const pace = { ...place, from: WARM_RECORDS, total, rate: run.rate };
    const paced = await PacedLoad.make(pace);
    try {
      return await measure(kafka, load, { running, offsets, paced, pace, before });
    } finally {
      paced.stop();
    }
  } finally {
    await offsets.close();
    await running.stop();
  }
}

interface Open {
  readonly running: Running;
  readonly offsets: GroupOffsets;
  readonly paced: PacedLoad;
  readonly pace: Pace;
  /** Records that come first and do not count. */
  readonly before: number;
}

/** By partition: when each record behind the first ones is due, ms behind the start. */
function scheduleOf(pace: Pace): readonly number[][] {
  const schedule: number[][] = Array.from({ length: pace.partitions }, () => []);
  for (let n = 0; n < pace.total; n += 1)
    must(schedule[partitionAt(n, pace)], 'partition').push(dueAt(n, pace.rate));
  return schedule;
}

async function measure(kafka: KafkaLoad, load: Load, open: Open): Promise<Figures> {
  const { running, offsets, paced, pace, before } = open;
  const { total, rate } = pace;
  const firsts = await kafka.endOfEach(load.topic, PARTITIONS);
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000,
    numberOfSignificantValueDigits: 3,
  });
  const schedule = scheduleOf(pace);
  const countedFrom = dueAt(before, rate);
  const startedAt = Date.now();
  const sending = paced.send(startedAt);
  // If the program ends first, that is what is told.
  sending.catch(() => undefined);
  const seen = new Array<number>(PARTITIONS).fill(0);
  let [cpu, cpuFrom] = [0, 0];
  let latest = startedAt;
  await until(running, async () => {
    const committed = await offsets.each(load.topic, PARTITIONS);
    const now = Date.now();
    for (const [partition, first] of firsts.entries()) {
      const upTo = Math.max(0, (committed[partition] ?? 0) - first);
      for (let at = must(seen[partition], 'partition'); at < upTo; at += 1)
        record(histogram, must(schedule[partition]?.[at], 'time of a record'), countedFrom, now - startedAt);
      seen[partition] = Math.max(upTo, must(seen[partition], 'partition'));
    }
    const done = seen.reduce((sum, one) => sum + one, 0);
    if (cpuFrom === 0 && done >= before) [cpuFrom, cpu] = [done, processTimes(running.pid).cpuSeconds];
    latest = now;
    return done >= total;
  });
  const late = await sending;
  const counted = total - cpuFrom;
  return {
    records_per_second: total / ((latest - startedAt) / 1000),
    p50_ms: histogram.getValueAtPercentile(50),
    p99_ms: histogram.getValueAtPercentile(99),
    p999_ms: histogram.getValueAtPercentile(99.9),
    max_ms: histogram.maxValue,
    cpu_us_per_record: ((processTimes(running.pid).cpuSeconds - cpu) / counted) * 1e6,
    generator_late_ms: late,
  };
}

function record(histogram: Histogram, due: number, countedFrom: number, now: number): void {
  if (due >= countedFrom) histogram.recordValue(Math.max(1, Math.round(now - due)));
}

async function until(running: Running, isDone: () => Promise<boolean>): Promise<void> {
  const from = performance.now();
  while (!(await isDone())) {
    if (running.ended() !== undefined || performance.now() - from > ENDS_WITHIN_MS)
      throw new Error(`the records do not come to an end:\n${logTail(running)}`);
    await sleep(LOOK_MS);
  }
}
