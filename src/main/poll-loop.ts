import { messageOf } from '../shared/errors.ts';
import type { Backpressure } from './backpressure.ts';
import type { Dispatcher } from './dispatch.ts';
import type { Intake } from './handover/intake.ts';
import type { PipelineObserver } from './observer.ts';

/**
 * Longest pause of polling while every worker is full: rebalances are served by polls, and a consumer that does not poll loses its
 * membership. What such polls bring may get the partitions paused, which drops what was fetched ahead: that is for stalls, not for load.
 */
const FULL_WAIT_MS = 250;
const ERROR_WAIT_MS = 200;

export interface PollSettings {
  readonly pollRecordsMax: number;
  readonly pollBytesMax: number;
  readonly resumeBelowBytes: number;
}

export interface PollParts {
  readonly intake: Intake;
  readonly dispatcher: Dispatcher;
  readonly backpressure: Backpressure;
  readonly observer: PipelineObserver;
  readonly log: (level: 'warn', message: string) => void;
}

/** Polls as long as there is room for what comes. */
export class PollLoop {
  readonly #settings: PollSettings;
  readonly #parts: PollParts;
  #averageBytes = 1024;
  #polledAt = performance.now();
  #recordAt = performance.now();

  constructor(settings: PollSettings, parts: PollParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Milliseconds since the last poll: grows when the main thread hangs. */
  get sincePollMs(): number {
    return performance.now() - this.#polledAt;
  }

  /** Milliseconds since a record came, or since `restart`. */
  get sinceRecordMs(): number {
    return performance.now() - this.#recordAt;
  }

  /** Partitions were assigned: records may come. */
  restart(): void {
    this.#recordAt = performance.now();
  }

  async run(ended: () => boolean): Promise<void> {
    const { backpressure, dispatcher } = this.#parts;
    while (!ended()) {
      backpressure.regulate();
      // Reading on would only grow what waits: until a slot is free, or until it is time to poll for the membership's sake.
      const full = dispatcher.isFull(this.#settings.resumeBelowBytes);
      if (full && !dispatcher.canTake) await dispatcher.room(FULL_WAIT_MS);
      const isDue = this.sincePollMs >= FULL_WAIT_MS;
      try {
        await this.#take(full && !isDue ? 0 : this.#nextPoll());
      } catch (error) {
        // A broken fetch is librdkafka's to mend: it keeps trying, and the next poll tells.
        this.#parts.log('warn', `poll: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, ERROR_WAIT_MS));
      }
    }
  }

  /** Records that the next poll may bring. */
  #nextPoll(): number {
    this.#polledAt = performance.now();
    const room = Math.floor(this.#settings.pollBytesMax / this.#averageBytes);
    return Math.max(1, Math.min(this.#settings.pollRecordsMax, room));
  }

  async #take(max: number): Promise<void> {
    const { records, bytes, seconds } = await this.#parts.intake.take(max);
    if (records === 0) return;
    this.#averageBytes = this.#averageBytes * 0.8 + Math.max(64, bytes / records) * 0.2;
    this.#recordAt = performance.now();
    this.#parts.observer.polled(records, bytes, seconds);
  }
}
