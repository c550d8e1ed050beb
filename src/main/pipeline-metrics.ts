import type { Metrics } from './metrics.ts';
import type { PipelineObserver } from './observer.ts';
import type { Pipeline } from './pipeline.ts';

const SAMPLE_MS = 2000;

/** Records finished per worker since the last sample, for the rate. */
const finished = new WeakMap<Metrics, Map<number, { records: number; busySeconds: number }>>();

/** Puts what the pipeline tells into the metrics. */
export function metricsObserver(metrics: Metrics): PipelineObserver {
  const { set, stages } = metrics;
  const perWorker = new Map<number, { records: number; busySeconds: number }>();
  finished.set(metrics, perWorker);
  return {
    polled: (records, _bytes, seconds) => stages.record('poll', seconds, records),
    processed: (worker, records, seconds, queueSeconds) => {
      stages.record('queue', queueSeconds, records);
      for (const stage of ['decode', 'enrich', 'encode', 'write'] as const) {
        stages.record(stage, seconds[stage], records);
      }
      const sample = perWorker.get(worker) ?? { records: 0, busySeconds: 0 };
      sample.records += records;
      sample.busySeconds += seconds.decode + seconds.enrich + seconds.encode;
      perWorker.set(worker, sample);
    },
    outcomes: (counts) => metrics.addOutcomes(counts),
    counters: (counts) => metrics.addCounters(counts),
    produced: (topic, records) => set.producedRecords.inc({ topic }, records),
    deadLetter: (code) => set.deadLetters.inc({ code }),
    confirmed: (seconds) => stages.record('produce', seconds),
    acknowledged: (records, seconds) => stages.record('total', seconds, records),
    commitFinished: (error) => set.commits.inc({ result: error === null ? 'ok' : 'failed' }),
    rebalanced: (event) => set.rebalances.inc({ event }),
    produceFailed: (topic) => set.produceErrors.inc({ topic }),
    paused: (paused) => set.circuitOpen.set({ destination: 'store' }, paused ? 1 : 0),
  };
}

/** Samples what nobody tells: lag, frontier, bytes in flight, rates. Answers how to stop. */
export function watchPipeline(metrics: Metrics, pipeline: Pipeline, workers: number): () => void {
  const { set } = metrics;
  set.workers.set(workers);
  let last = performance.now();
  const sample = (): void => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    for (const [worker, { records, busySeconds }] of finished.get(metrics) ?? []) {
      const task = String(worker);
      set.processRate.set({ task }, records / seconds);
      set.workerUtilisation.set({ task }, Math.min(1, busySeconds / seconds));
    }
    finished.get(metrics)?.clear();
    set.inflightBytes.set(pipeline.inflightBytes);
    samplePartitions(metrics, pipeline);
  };
  const timer = setInterval(sample, SAMPLE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function samplePartitions({ set }: Metrics, pipeline: Pipeline): void {
  // Partitions that moved away must not stay behind with their last values.
  set.consumerLag.reset();
  set.consumerLagSeconds.reset();
  set.frontierGap.reset();
  let partitions = 0;
  let inflight = 0;
  const seconds = new Map<string, number>();
  for (const { state, lagRecords, lagSeconds } of pipeline.lags()) {
    const labels = { topic: state.topic, partition: state.partition };
    const gap = state.unacknowledged;
    if (lagRecords !== null) set.consumerLag.set(labels, lagRecords);
    set.frontierGap.set(labels, gap);
    seconds.set(state.topic, Math.max(seconds.get(state.topic) ?? 0, lagSeconds));
    set.consumedRecords.inc({ topic: state.topic }, state.takenRecords);
    set.consumedBytes.inc({ topic: state.topic }, state.takenBytes);
    state.takenRecords = 0;
    state.takenBytes = 0;
    partitions += 1;
    inflight += gap;
  }
  for (const [topic, value] of seconds) set.consumerLagSeconds.set({ topic }, value);
  set.assignedPartitions.set(partitions);
  set.pausedPartitions.set(pipeline.pausedPartitions);
  set.inflightRecords.set(inflight);
}
