import { type FollowUp, isRepeated } from '../shared/follow-up.ts';
import type { FollowUpResult, FollowUpTask } from '../shared/worker-protocol.ts';
import { CollectedRows } from './collect.ts';
import type { PipelineObserver } from './observer.ts';

export interface FollowUpSettings {
  /** Runs the next part of a task on its worker. */
  readonly run: (task: FollowUpTask) => Promise<FollowUpResult>;
  /** Takes rows that changed, to be produced. */
  readonly changed: (rows: CollectedRows) => void;
  /** Time after which no cache of any process holds what was before a change, ms. */
  readonly repeatAfterMs: number;
  readonly observer: PipelineObserver;
  readonly log: (level: 'warn' | 'error', message: string) => void;
  readonly failed: (error: unknown) => void;
}

/** In-flight writes of another process may end this much later than its cache forgets, ms. */
const REPEAT_MARGIN_MS = 5000;

/**
 * Runs what is to follow a batch at other rows, part after part, before the batch is acknowledged; and again, without anybody
 * waiting, when the caches of other processes have forgotten what was before: one of them may have written a row with it meanwhile.
 */
export class FollowUps {
  readonly #settings: FollowUpSettings;
  readonly #timers = new Set<NodeJS.Timeout>();
  #lastId = 0;
  #closed = false;

  constructor(settings: FollowUpSettings) {
    this.#settings = settings;
  }

  /** Calls `then` once everything was done; at once if there is nothing to do. */
  before(worker: number, followUps: readonly FollowUp[], then: () => void): void {
    if (followUps.length === 0) {
      then();
      return;
    }
    this.#run(worker, followUps).then(
      (more) => {
        this.#repeatLater(worker, [...followUps.filter(isRepeated), ...more]);
        then();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  /** Has a worker look at all waiting rows again, every `ms` until closed: a provider may know by now what it could not say before. */
  retryWaiting(worker: number, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#run(worker, [{ kind: 'waiting' }]).then(
        () => this.retryWaiting(worker, ms),
        (error: unknown) => {
          if (!this.#closed) this.#settings.failed(error);
        },
      );
    }, ms);
    timer.unref();
    if (this.#closed) clearTimeout(timer);
    else this.#timers.add(timer);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Answers what is to be done once more beside what is repeated anyway. */
  async #run(worker: number, followUps: readonly FollowUp[]): Promise<FollowUp[]> {
    this.#lastId += 1;
    const task: FollowUpTask = { worker, id: this.#lastId, followUps };
    const repeat: FollowUp[] = [];
    for (let done = false; !done; ) {
      const result = await this.#settings.run({ ...task });
      this.#settings.observer.counters(result.counters);
      this.#settings.changed(
        new CollectedRows(result.analytics, ({ topic, message }) =>
          this.#settings.log('error', `${topic} refused the record of a completed row: ${message}`),
        ),
      );
      repeat.push(...result.repeat);
      done = result.done;
    }
    return repeat;
  }

  #repeatLater(worker: number, followUps: readonly FollowUp[]): void {
    if (followUps.length === 0 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#run(worker, followUps).catch((error: unknown) => this.#failed(error));
    }, this.#settings.repeatAfterMs + REPEAT_MARGIN_MS);
    timer.unref();
    this.#timers.add(timer);
  }

  /** Workers that end with the process break off what they are at. */
  #failed(error: unknown): void {
    if (!this.#closed) this.#settings.failed(error);
  }
}
