import { build, type Histogram } from 'hdr-histogram-js';

/** Where a record spends its time, in the order of its way. */
export const STAGES = [
  'poll',
  'queue',
  'decode',
  'enrich',
  'encode',
  'write',
  'produce',
  'commit',
  'total',
] as const;
export type Stage = (typeof STAGES)[number];

export interface StageSummary {
  readonly stage: Stage;
  /** Quantile (`0.5`, …, `1` for the maximum) to seconds; empty when nothing went through lately. */
  readonly quantiles: Readonly<Record<string, number>>;
  readonly count: number;
  readonly seconds: number;
}

const QUANTILES = [0.5, 0.9, 0.99, 0.999, 1];
const MICROSECONDS = 1e6;
/** Longer than any stage can take before something else has given up; larger values count as this. */
const LONGEST_MICROSECONDS = 3600 * MICROSECONDS;

function histogram(): Histogram {
  // The pure JavaScript form: the WebAssembly one has to be destroyed by hand. Two digits are an error of at most one percent.
  return build({
    numberOfSignificantValueDigits: 2,
    highestTrackableValue: LONGEST_MICROSECONDS,
    autoResize: false,
    useWebAssembly: false,
  });
}

class OneStage {
  #older = histogram();
  #newer = histogram();
  count = 0;
  seconds = 0;

  record(seconds: number, count: number): void {
    const microseconds = Math.min(LONGEST_MICROSECONDS - 1, Math.max(0, Math.round(seconds * MICROSECONDS)));
    this.#newer.recordValueWithCount(microseconds, count);
    this.count += count;
    this.seconds += seconds * count;
  }

  turn(): void {
    [this.#older, this.#newer] = [this.#newer, this.#older];
    this.#newer.reset();
  }

  quantiles(): Record<string, number> {
    const both = histogram();
    both.add(this.#older);
    both.add(this.#newer);
    if (both.totalCount === 0) return {};
    return Object.fromEntries(
      QUANTILES.map((quantile) => [
        String(quantile),
        both.getValueAtPercentile(quantile * 100) / MICROSECONDS,
      ]),
    );
  }
}

/**
 * Latencies per stage, counted per batch. Quantiles are over the last one to two windows, so that a slow hour does not hide behind
 * a fast week and two scrapers do not take each other's numbers away.
 */
export class StageLatency {
  readonly #stages = new Map<Stage, OneStage>(STAGES.map((stage) => [stage, new OneStage()]));
  readonly #windowMs: number;
  readonly #now: () => number;
  #turnedAt: number;

  constructor(windowMs = 60_000, now: () => number = Date.now) {
    this.#windowMs = windowMs;
    this.#now = now;
    this.#turnedAt = now();
  }

  /** `count` records spent `seconds` each. */
  record(stage: Stage, seconds: number, count = 1): void {
    if (count <= 0) return;
    this.#turnIfDue();
    this.#stages.get(stage)?.record(seconds, count);
  }

  summaries(): StageSummary[] {
    this.#turnIfDue();
    return [...this.#stages].map(([stage, one]) => ({
      stage,
      quantiles: one.quantiles(),
      count: one.count,
      seconds: one.seconds,
    }));
  }

  #turnIfDue(): void {
    const passed = this.#now() - this.#turnedAt;
    if (passed < this.#windowMs) return;
    // After a long silence both halves are old.
    const turns = passed >= 2 * this.#windowMs ? 2 : 1;
    for (const one of this.#stages.values()) for (let turn = 0; turn < turns; turn += 1) one.turn();
    this.#turnedAt = this.#now();
  }
}
