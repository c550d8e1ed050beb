import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { must } from '../src/shared/assert.ts';
import { CheckIns } from './generate.ts';
import type { Figures } from './harness.ts';
import { GroupOffsets, KafkaLoad } from './kafka-load.ts';
import { processTimes } from './machine.ts';
import { KEYS, type Load, makeLoad } from './pipeline-arm.ts';
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
const TICK_MS = 2;
const LOOK_MS = 3;
/** The program has to be there first: these records are waiting for it. */
const WARM_RECORDS = 150_000;
const LINGER_MS = 1;
const ENDS_WITHIN_MS = 120_000;

export async function openLoop(run: LatencyRun): Promise<Figures> {
  const { kafka, workers } = run;
  const load = await makeLoad(kafka, WARM_RECORDS, {}, { partitions: PARTITIONS });
  const group = `bench-latency-${Date.now()}`;
  const running = startService({ kafka: kafka.address, group, workers, prefix: load.prefix });
  const offsets = await GroupOffsets.connect(kafka.address, group);
  const producer = await KafkaLoad.connect(kafka.address, LINGER_MS);
  try {
    await until(running, async () => (await offsets.committed(load.topic, PARTITIONS)) >= WARM_RECORDS);
    return await measure(run, load, { running, offsets, producer });
  } finally {
    await producer.close();
    await offsets.close();
    await running.stop();
  }
}

interface Open {
  readonly running: Running;
  readonly offsets: GroupOffsets;
  readonly producer: KafkaLoad;
}

/** By partition: when each record behind the first ones was due. */
type Schedule = readonly number[][];

async function measure({ kafka, rate, seconds }: LatencyRun, load: Load, open: Open): Promise<Figures> {
  const { running, offsets } = open;
  const before = Math.ceil((seconds / 4) * rate);
  const total = before + Math.ceil(seconds * rate);
  const firsts = await kafka.endOfEach(load.topic, PARTITIONS);
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000,
    numberOfSignificantValueDigits: 3,
  });
  const startedAt = Date.now();
  const schedule: Schedule = firsts.map(() => []);
  const sending = send(open.producer, load, total, (n) => startedAt + (n / rate) * 1000, schedule);
  const countedFrom = startedAt + (before / rate) * 1000;
  const seen = new Array<number>(PARTITIONS).fill(0);
  let [cpu, cpuFrom] = [0, 0];
  let latest = startedAt;
  await until(running, async () => {
    const committed = await offsets.each(load.topic, PARTITIONS);
    const now = Date.now();
    for (const [partition, first] of firsts.entries()) {
      const upTo = Math.max(0, (committed[partition] ?? 0) - first);
      for (let at = must(seen[partition], 'partition'); at < upTo; at += 1)
        record(histogram, must(schedule[partition]?.[at], 'time of a record'), countedFrom, now);
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

/**
 * Sends every record when it is due, or as soon after as there is time for it; answers the longest delay, ms. What is due at one time
 * goes to one partition: a request for each record would be more than a broker on the same cores can take, and records would wait in
 * this program's queue instead of in Kafka.
 */
async function send(
  producer: KafkaLoad,
  load: Load,
  total: number,
  due: (n: number) => number,
  schedule: Schedule,
): Promise<number> {
  const checkIns = new CheckIns({ keys: KEYS, prefix: load.prefix });
  let late = 0;
  for (let [n, tick] = [0, 0]; n < total; tick += 1) {
    const partition = tick % PARTITIONS;
    for (; n < total && due(n) <= Date.now(); n += 1) {
      const at = due(n);
      const record = checkIns.record(WARM_RECORDS + n);
      must(schedule[partition], 'partition').push(at);
      await producer.send(load.topic, record, partition, undefined, Math.floor(at));
      late = Math.max(late, Date.now() - at);
    }
    await sleep(TICK_MS);
  }
  await producer.flush();
  return late;
}

async function until(running: Running, isDone: () => Promise<boolean>): Promise<void> {
  const from = performance.now();
  while (!(await isDone())) {
    if (running.ended() !== undefined || performance.now() - from > ENDS_WITHIN_MS)
      throw new Error(`the records do not come to an end:\n${logTail(running)}`);
    await sleep(LOOK_MS);
  }
}
