/** How long the same line is kept back. */
const REPEAT_AFTER_MS = 10_000;
const TEXTS_MAX = 100;

/**
 * Lets a line through that was not there for a while. librdkafka says several times a second that all brokers are away, for as long as
 * they are.
 */
export class Seldom {
  readonly #now: () => number;
  readonly #lastAt = new Map<string, number>();

  /** `now`: milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isDue(text: string): boolean {
    const now = this.#now();
    const last = this.#lastAt.get(text);
    if (last !== undefined && now - last < REPEAT_AFTER_MS) return false;
    if (this.#lastAt.size >= TEXTS_MAX) this.#lastAt.clear();
    this.#lastAt.set(text, now);
    return true;
  }
}
