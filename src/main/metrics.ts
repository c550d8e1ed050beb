import { performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import { assert } from '../shared/assert.ts';
import { WRITE_LATENCY_BUCKETS_SECONDS } from '../shared/write-latency.ts';
import { CountedHistogram } from './counted-histogram.ts';
import { METRICS, type MetricDefinition, type MetricKey } from './metrics-table.ts';
import { StageLatency } from './stage-latency.ts';

type LabelOf<Key extends MetricKey> = (typeof METRICS)[Key]['labels'][number];
type MetricOf<Key extends MetricKey> = (typeof METRICS)[Key]['type'] extends 'counter'
  ? Counter<LabelOf<Key>>
  : Gauge<LabelOf<Key>>;

export type MetricSet = { readonly [Key in MetricKey]: MetricOf<Key> };

/** Prefix of the counters by which a worker hands over write latencies. */
const WRITE_BUCKET = 'writeLatencyBucket';
const WRITE_SECONDS = 'writeLatencySeconds';

function createSet(registry: Registry): MetricSet {
  const made = Object.entries<MetricDefinition>(METRICS).map(([key, { type, name, help, labels }]) => {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    return [key, type === 'counter' ? new Counter(options) : new Gauge(options)];
  });
  return Object.fromEntries(made) as MetricSet; // one entry for every key of the table, by its type
}

/** The process's metrics in a registry of their own: several pipelines of one process (tests) do not meet. */
export class Metrics {
  readonly registry = new Registry();
  readonly set: MetricSet = createSet(this.registry);
  readonly stages: StageLatency;
  readonly writeLatency = new CountedHistogram(
    'cassandra_write_latency_seconds',
    'Time that the store took for a write statement.',
    ['table', 'mode'],
    WRITE_LATENCY_BUCKETS_SECONDS,
  );

  constructor(stages: StageLatency = new StageLatency()) {
    this.stages = stages;
    collectDefaultMetrics({ register: this.registry });
    this.registry.registerMetric(this.writeLatency as unknown as Metric<string>); // has all that the registry calls
    this.#exportStages();
    let last = performance.eventLoopUtilization();
    this.#onScrape(this.set.eventLoopUtilisation, () => {
      const now = performance.eventLoopUtilization();
      this.set.eventLoopUtilisation.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    });
  }

  /**
   * Adds what a worker counted. A name is a counter's key in the table with the values of its labels in their order, between
   * colons: `retries:store`, `writes:device:stale`. Write latencies come as `writeLatencyBucket:<table>:<mode>:<index>` and
   * `writeLatencySeconds:<table>:<mode>`, see shared/write-latency.ts.
   */
  addCounters(counters: Readonly<Record<string, number>>): void {
    for (const [name, amount] of Object.entries(counters)) {
      const [key = '', ...values] = name.split(':');
      if (key === WRITE_BUCKET) this.writeLatency.addToBucket(values.slice(0, 2), Number(values[2]), amount);
      else if (key === WRITE_SECONDS) this.writeLatency.addSum(values, amount);
      else this.#addCounter(key, values, amount);
    }
  }

  /** Adds a batch's outcomes: `outcome` or `outcome:reason` to records. */
  addOutcomes(outcomes: Readonly<Record<string, number>>): void {
    for (const [name, amount] of Object.entries(outcomes)) {
      const [outcome = '', reason = ''] = name.split(':');
      this.set.records.inc({ outcome, reason }, amount);
    }
  }

  #addCounter(key: string, values: readonly string[], amount: number): void {
    const metric: unknown = Object.hasOwn(this.set, key) ? this.set[key as MetricKey] : undefined;
    assert(metric instanceof Counter, `no counter ${key} in the table of metrics`);
    const labels = METRICS[key as MetricKey].labels.length;
    // The last label may be a name with a colon in it.
    const last = labels === 0 ? [] : [values.slice(labels - 1).join(':')];
    metric.labels(...values.slice(0, Math.max(0, labels - 1)), ...last).inc(amount);
  }

  /** prom-client calls `collect` before it reads a metric; its types hide that it may be set later. */
  #onScrape(metric: Gauge<string>, collect: () => void): void {
    Object.assign(metric, { collect });
  }

  #exportStages(): void {
    const quantiles = new Gauge({
      name: 'openframe_stream_stage_latency_seconds',
      help: 'Time of a record in a stage, over the last one to two minutes; quantile 1 is the longest.',
      labelNames: ['stage', 'quantile'],
      registers: [this.registry],
    });
    const records = this.#stageCounter('records', 'Records that went through a stage.');
    const seconds = this.#stageCounter('seconds', 'Time of all records in a stage, in seconds.');
    this.#onScrape(quantiles, () => {
      // A stage that nothing went through lately has no latency, which is not the same as zero.
      quantiles.reset();
      for (const summary of this.stages.summaries()) {
        const { stage } = summary;
        for (const [quantile, value] of Object.entries(summary.quantiles))
          quantiles.set({ stage, quantile }, value);
        records.labels(stage).inc(summary.count - (this.#counted.get(stage)?.count ?? 0));
        seconds.labels(stage).inc(summary.seconds - (this.#counted.get(stage)?.seconds ?? 0));
        this.#counted.set(stage, summary);
      }
    });
  }

  readonly #counted = new Map<string, { readonly count: number; readonly seconds: number }>();

  #stageCounter(what: string, help: string): Counter<'stage'> {
    return new Counter({
      name: `openframe_stream_stage_${what}_total`,
      help,
      labelNames: ['stage'],
      registers: [this.registry],
    });
  }
}
