import { assert } from '../shared/assert.ts';
import { DestinationError } from '../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../shared/mutation.ts';
import type { BucketLocks } from '../shared/shared-board.ts';
import type { WriteSettings } from '../shared/worker-protocol.ts';
import { Circuit } from './circuit.ts';
import { merge } from './coalesce.ts';
import type { Store } from './stores/store.ts';

/** Why a mutation was given up. `exhausted`: its attempts are used up while the store works for others. */
export interface WriteFailure {
  readonly exhausted: boolean;
  readonly error: DestinationError;
  readonly attempts: number;
  /** Milliseconds since 1970 UTC. */
  readonly firstFailedAt: number;
}
export type WriteResult = WriteOutcome | WriteFailure;

/** Called with the index given to `submit` when its mutation is decided. */
export type Decided = (index: number, result: WriteResult) => void;

interface Waiter {
  readonly decided: Decided;
  readonly index: number;
  readonly version: string;
  /** Not part of the write: a newer version of the row was already waiting. */
  readonly late: boolean;
}

/** What is to be written of one facet of one row: one or more changes merged. */
interface RowWork {
  mutation: Mutation;
  readonly waiters: Waiter[];
  attempts: number;
  firstFailedAt: number;
  successesSeen: number;
  notBefore: number;
  /** Sent alone, to find out which row of a batch the store refuses. */
  alone: boolean;
}

/** One bucket of one table: at most one statement in flight, rows in the order in which they came. */
interface Lane {
  readonly name: string;
  /** Facet and id to its work; a row's later works wait for its earlier ones. */
  readonly pending: Map<string, RowWork[]>;
  running: boolean;
}

const LOCK_RETRY_MS = 1;

export interface WriterEvents {
  readonly retried: () => void;
  readonly circuitChanged: (open: boolean) => void;
  readonly now: () => number;
}

/**
 * Writes mutations bucket by bucket. Changes of one row that wait together become one write; different rows of a bucket share a
 * conditional batch; one row never has two writes in flight. Failures of the store are told apart here (contract, section 6).
 */
export class Writer {
  readonly #store: Store;
  readonly #settings: WriteSettings;
  readonly #locks: BucketLocks;
  readonly #events: WriterEvents;
  readonly #circuit: Circuit;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Set<Lane>();
  #statements = 0;
  #wakeAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store, settings: WriteSettings, locks: BucketLocks, events: WriterEvents) {
    this.#store = store;
    this.#settings = settings;
    this.#locks = locks;
    this.#events = events;
    this.#circuit = new Circuit({
      failuresToOpen: settings.failuresToOpen,
      probeIntervalMs: settings.probeIntervalMs,
      probe: () => store.probe(),
      changed: (open) => {
        events.circuitChanged(open);
        if (!open) this.#pump();
      },
    });
  }

  /** Takes a mutation; `decided` is called once, with `index`. Call `flush` after the last one of a batch. */
  submit(mutation: Mutation, index: number, decided: Decided): void {
    const lane = this.#lane(mutation);
    const { version } = mutation;
    const key = `${mutation.facet}\u0000${mutation.id}`;
    const works = lane.pending.get(key);
    const last = works?.[works.length - 1];
    if (works === undefined || last === undefined) {
      lane.pending.set(key, [newWork(mutation, { decided, index, version, late: false })]);
    } else if (last.attempts > 0 || last.alone) {
      works.push(newWork(mutation, { decided, index, version, late: false }));
    } else {
      // An older or equal version (a connector that sent again) adds nothing; it is decided together with the newer one.
      const late = version <= last.mutation.version;
      if (!late) last.mutation = merge(last.mutation, mutation);
      last.waiters.push({ decided, index, version, late });
    }
    if (!lane.running) this.#ready.add(lane);
  }

  flush(): void {
    this.#pump();
  }

  /** Resolves when no write of this row is waiting or in flight. */
  async settled(mutation: Mutation): Promise<void> {
    const lane = this.#lane(mutation);
    const waits = [...lane.pending.values()]
      .flat()
      .filter((work) => work.mutation.id === mutation.id)
      .map(
        (work) =>
          new Promise<void>((resolve) =>
            work.waiters.push({ decided: () => resolve(), index: 0, version: '', late: true }),
          ),
      );
    this.#pump();
    await Promise.all(waits);
    while (lane.running) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  close(): void {
    this.#circuit.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #lane(mutation: Mutation): Lane {
    const name = `${mutation.entity}|${mutation.tool}|${this.#store.bucketOf(mutation.id)}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, pending: new Map(), running: false };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #pump(): void {
    const now = this.#events.now();
    for (const lane of this.#ready) {
      if (this.#circuit.open || this.#statements >= this.#settings.statementsMax) return;
      const works = this.#due(lane, now);
      if (works.length === 0) continue;
      if (!this.#locks.tryLock(lane.name)) {
        this.#wake(now + LOCK_RETRY_MS);
        continue;
      }
      this.#ready.delete(lane);
      this.#run(lane, works).catch((error: unknown) => {
        // Nothing in #run may throw; if it does, the batch would wait for ever, so the worker ends instead.
        setImmediate(() => {
          throw error;
        });
      });
    }
  }

  /** The next batch of a lane: the first work of each row that may run now. */
  #due(lane: Lane, now: number): RowWork[] {
    const due: RowWork[] = [];
    for (const works of lane.pending.values()) {
      const [work] = works;
      if (work === undefined) continue;
      if (work.notBefore > now) {
        this.#wake(work.notBefore);
      } else if (work.alone) {
        if (due.length === 0) return [work];
      } else {
        due.push(work);
        if (due.length >= this.#settings.batchRowsMax) break;
      }
    }
    return due;
  }

  async #run(lane: Lane, works: readonly RowWork[]): Promise<void> {
    lane.running = true;
    this.#statements += 1;
    for (const work of works) this.#take(lane, work);
    try {
      const outcomes = await this.#store.write(works.map(({ mutation }) => mutation));
      assert(outcomes.length === works.length, 'the store answers for every mutation');
      this.#circuit.succeeded();
      for (const [index, work] of works.entries()) decide(work, outcomes[index] ?? 'written');
    } catch (error) {
      this.#failed(lane, works, error);
    } finally {
      lane.running = false;
      this.#statements -= 1;
      this.#locks.unlock(lane.name);
      if (lane.pending.size > 0) this.#ready.add(lane);
      else this.#lanes.delete(lane.name);
    }
    this.#pump();
  }

  #failed(lane: Lane, works: readonly RowWork[], thrown: unknown): void {
    const error =
      thrown instanceof DestinationError
        ? thrown
        : new DestinationError('permanent', String(thrown), { cause: thrown });
    const now = this.#events.now();
    if (error.kind === 'outage') this.#circuit.trip();
    if (error.kind === 'transient') this.#circuit.failed();
    for (const work of [...works].reverse()) {
      if (error.kind === 'permanent') {
        if (works.length === 1) {
          give(work, {
            exhausted: false,
            error,
            attempts: work.attempts + 1,
            firstFailedAt: work.firstFailedAt || now,
          });
          continue;
        }
        work.alone = true;
      } else if (error.kind === 'transient' && this.#usedUp(work, now)) {
        give(work, { exhausted: true, error, attempts: work.attempts, firstFailedAt: work.firstFailedAt });
        continue;
      }
      this.#events.retried();
      this.#putBack(lane, work);
    }
  }

  /** Counts an attempt, unless nothing else has succeeded since the last one: then it was the store's fault. */
  #usedUp(work: RowWork, now: number): boolean {
    if (work.attempts === 0 || this.#circuit.successes > work.successesSeen) work.attempts += 1;
    work.successesSeen = this.#circuit.successes;
    work.firstFailedAt ||= now;
    const backoff = Math.min(
      this.#settings.backoffMs * 2 ** (work.attempts - 1),
      this.#settings.backoffMaxMs,
    );
    work.notBefore = now + backoff * (0.5 + Math.random() / 2);
    return work.attempts >= this.#settings.attemptsMax;
  }

  #take(lane: Lane, work: RowWork): void {
    const key = `${work.mutation.facet}\u0000${work.mutation.id}`;
    const works = lane.pending.get(key);
    works?.shift();
    if (works?.length === 0) lane.pending.delete(key);
  }

  #putBack(lane: Lane, work: RowWork): void {
    const key = `${work.mutation.facet}\u0000${work.mutation.id}`;
    const works = lane.pending.get(key);
    if (works === undefined) lane.pending.set(key, [work]);
    else works.unshift(work);
  }

  /** Pumps again at `at`, or earlier if somebody else asked for it. */
  #wake(at: number): void {
    if (this.#timer !== null && this.#wakeAt <= at) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#pump();
      },
      Math.max(0, at - this.#events.now()),
    );
  }
}

function newWork(mutation: Mutation, waiter: Waiter): RowWork {
  return {
    mutation,
    waiters: [waiter],
    attempts: 0,
    firstFailedAt: 0,
    successesSeen: 0,
    notBefore: 0,
    alone: false,
  };
}

/** Tells everybody whose change was part of a write what became of it. */
function decide(work: RowWork, outcome: WriteOutcome): void {
  const { version } = work.mutation;
  for (const waiter of work.waiters) {
    if (waiter.version === version) waiter.decided(waiter.index, waiter.late ? 'duplicate' : outcome);
    // Merged into a newer change: written with it, or as stale as it was.
    else waiter.decided(waiter.index, outcome === 'written' && !waiter.late ? 'written' : 'stale');
  }
}

function give(work: RowWork, failure: WriteFailure): void {
  for (const waiter of work.waiters) waiter.decided(waiter.index, failure);
}
