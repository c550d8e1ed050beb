import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './harness.ts';
import { GroupOffsets, type KafkaLoad } from './kafka-load.ts';
import { memoryMb, processTimes } from './machine.ts';
import { logTail, type Running } from './service-process.ts';

/**
 * Watches a pipe from outside, as peers-bench's Watch does: the ends of its output topic, what its group has committed, and what /proc
 * tells of its process. It knows nothing of what runs inside, so that every program is measured alike.
 */
export interface WatchSpec {
  readonly kafka: KafkaLoad;
  readonly output: string;
  readonly input: string;
  readonly partitions: { readonly input: number; readonly output: number };
  readonly group: string;
  /** Output records to wait for, beyond `outputBefore`. */
  readonly records: number;
  readonly outputBefore: number;
  /** A server that works for it, whose CPU is told beside its own. */
  readonly serverPid?: number;
}

export interface Sample {
  readonly at: number;
  readonly seen: number;
  readonly cpuSeconds: number;
  readonly mainSeconds: number;
  /** Of the server; 0 without one. */
  readonly serverSeconds: number;
  readonly rssMb: number;
}

export interface Watched {
  readonly figures: Figures;
  readonly samples: readonly Sample[];
}

const SAMPLE_MS = 100;
const STALLED_MS = 120_000;
const COMMIT_WITHIN_MS = 60_000;

export async function watch(running: Running, spec: WatchSpec): Promise<Watched> {
  const samples = await watchOutput(running, spec);
  const peakMb = memoryMb(running.pid).peak;
  const committed = await untilCommitted(spec);
  const last = samples[samples.length - 1];
  const first = samples.find(({ seen }) => seen > 0);
  const warm = samples.find(({ seen }) => seen >= spec.records / 4);
  if (last === undefined || first === undefined || warm === undefined) throw new Error('nothing was seen');
  const rate = (from: Sample): number => (last.seen - from.seen) / ((last.at - from.at) / 1000);
  const perRecord = (from: Sample, name: 'cpuSeconds' | 'mainSeconds' | 'serverSeconds'): number =>
    ((last[name] - from[name]) / (last.seen - from.seen)) * 1e6;
  return {
    samples,
    figures: {
      // Without the first quarter, in which compilers warm up.
      records_per_second: rate(warm),
      cpu_us_per_record: perRecord(warm, 'cpuSeconds'),
      main_us_per_record: perRecord(warm, 'mainSeconds'),
      ...(spec.serverPid === undefined ? {} : { server_cpu_us_per_record: perRecord(warm, 'serverSeconds') }),
      whole_records_per_second: rate(first),
      // From the process's start: what a short job pays.
      whole_cpu_us_per_record: (last.cpuSeconds / last.seen) * 1e6,
      first_output_seconds: (first.at - running.startedAt) / 1000,
      commit_lag_seconds: committed,
      rss_peak_mb: peakMb,
    },
  };
}

async function watchOutput(running: Running, spec: WatchSpec): Promise<Sample[]> {
  const samples: Sample[] = [];
  let grewAt = performance.now();
  for (;;) {
    const { high } = await spec.kafka.ends(spec.output, spec.partitions.output);
    const seen = high - spec.outputBefore;
    const at = performance.now();
    const serverSeconds = spec.serverPid === undefined ? 0 : processTimes(spec.serverPid).cpuSeconds;
    const rssMb = memoryMb(running.pid).now;
    samples.push({ at, seen, ...processTimes(running.pid), serverSeconds, rssMb });
    if (seen >= spec.records) return samples;
    if (samples.length < 2 || seen > (samples[samples.length - 2]?.seen ?? 0)) grewAt = at;
    const end = running.ended();
    if (end !== undefined || at - grewAt > STALLED_MS) {
      const what = end === undefined ? 'makes no progress' : `ended with ${end}`;
      throw new Error(`it ${what} at ${seen} of ${spec.records} records:\n${logTail(running)}`);
    }
    await sleep(SAMPLE_MS);
  }
}

/** Seconds from the last output to the commit of the input's end; NaN is none, so a group that never gets there fails. */
async function untilCommitted({ kafka, group, input, partitions }: WatchSpec): Promise<number> {
  const from = performance.now();
  const { high } = await kafka.ends(input, partitions.input);
  const offsets = await GroupOffsets.connect(kafka.address, group);
  try {
    while (performance.now() - from < COMMIT_WITHIN_MS) {
      if ((await offsets.committed(input, partitions.input)) >= high)
        return (performance.now() - from) / 1000;
      await sleep(SAMPLE_MS);
    }
    throw new Error(`${group} has not committed the end of ${input} after ${COMMIT_WITHIN_MS / 1000} s`);
  } finally {
    await offsets.close();
  }
}
