import { LRUCache } from 'lru-cache';

/** How long the same line is kept back. */
const REPEAT_AFTER_MS = 10_000;
const TEXTS_MAX = 100;

/**
 * Lets a line through that was not there for a while. librdkafka says several times a second that all brokers are away, for as long as
 * they are.
 */
export class Seldom {
  readonly #said: LRUCache<string, true>;

  /** `clock`: milliseconds, above 0. */
  constructor(clock: { now(): number } = performance) {
    this.#said = new LRUCache({ max: TEXTS_MAX, ttl: REPEAT_AFTER_MS, ttlResolution: 0, perf: clock });
  }

  isDue(text: string): boolean {
    if (this.#said.has(text)) return false;
    this.#said.set(text, true);
    return true;
  }
}
