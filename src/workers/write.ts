import { assert, must } from '../shared/assert.ts';
import type { EntityName } from '../shared/entity.ts';
import { DependencyError, DestinationError, messageOf } from '../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../shared/mutation.ts';
import type { BucketLocks } from '../shared/shared-board.ts';
import type { WriteSettings } from '../shared/worker-protocol.ts';
import { Circuit } from './circuit.ts';
import { type Decided, RowWork } from './row-work.ts';
import { partitionName } from './stores/partition-lanes.ts';
import type { Store } from './stores/store.ts';

/** One bucket of one table: at most one statement in flight, rows in the order in which they came. */
interface Lane {
  readonly name: string;
  /** Facet and id to its work; a row's later works wait for its earlier ones. */
  readonly pending: Map<string, RowWork[]>;
  /** What is in flight. */
  running: readonly RowWork[];
}

type Answer =
  | { readonly outcomes: readonly WriteOutcome[] }
  | { readonly outcomes?: undefined; readonly error: unknown };

const LOCK_RETRY_MS = 1;
const SETTLED_CHECK_MS = 1;

export interface WriterEvents {
  readonly retried: () => void;
  /** The store answered a write. `merged`: changes that went along in others' writes. */
  readonly wrote: (
    entity: EntityName,
    outcomes: readonly WriteOutcome[],
    merged: number,
    seconds: number,
  ) => void;
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
    const work = new RowWork(mutation, index, decided);
    const works = lane.pending.get(work.key);
    if (works === undefined) lane.pending.set(work.key, [work]);
    else if (works.at(-1)?.join(mutation, index, decided) !== true) works.push(work);
    if (lane.running.length === 0) this.#ready.add(lane);
  }

  flush(): void {
    this.#pump();
  }

  /** What a read of the same store says of it. Only failures: that reads pass does not mean that writes do. */
  readFailed({ kind }: DestinationError): void {
    if (kind === 'outage') this.#circuit.trip();
    else this.#circuit.failed();
  }

  /** Resolves when no write of this row is waiting, in flight or to be tried again. */
  async settled(mutation: Mutation): Promise<void> {
    this.#pump();
    while (this.#holds(mutation)) await new Promise((resolve) => setTimeout(resolve, SETTLED_CHECK_MS));
  }

  /** Resolves when nothing at all is waiting, in flight or to be tried again. */
  async drained(): Promise<void> {
    this.#pump();
    while (this.#lanes.size > 0) await new Promise((resolve) => setTimeout(resolve, SETTLED_CHECK_MS));
  }

  #holds(mutation: Mutation): boolean {
    const lane = this.#lanes.get(this.#laneName(mutation));
    if (lane === undefined) return false;
    return [...lane.running, ...[...lane.pending.values()].flat()].some(
      (work) => work.mutation.id === mutation.id,
    );
  }

  close(): void {
    this.#circuit.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #laneName({ entity, tool, id }: Mutation): string {
    return partitionName(entity, tool, this.#store.bucketOf(id));
  }

  #lane(mutation: Mutation): Lane {
    const name = this.#laneName(mutation);
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, pending: new Map(), running: [] };
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
    lane.running = works;
    this.#statements += 1;
    for (const work of works) this.#take(lane, work);
    const started = performance.now();
    const answer = await this.#send(works);
    lane.running = [];
    this.#statements -= 1;
    this.#locks.unlock(lane.name);
    if (answer.outcomes === undefined) {
      this.#failed(lane, works, answer.error);
    } else {
      this.#circuit.succeeded();
      this.#tell(works, answer.outcomes, (performance.now() - started) / 1000);
      for (const [index, work] of works.entries()) work.decide(must(answer.outcomes[index], 'outcome'));
    }
    if (lane.pending.size > 0) this.#ready.add(lane);
    else this.#lanes.delete(lane.name);
    this.#pump();
  }

  async #send(works: readonly RowWork[]): Promise<Answer> {
    try {
      const outcomes = await this.#store.write(works.map(({ mutation }) => mutation));
      assert(outcomes.length === works.length, 'the store answers for every mutation');
      return { outcomes };
    } catch (error) {
      return { error };
    }
  }

  #tell(works: readonly RowWork[], outcomes: readonly WriteOutcome[], seconds: number): void {
    const [first] = works;
    if (first === undefined) return;
    const merged = works.reduce((sum, work) => sum + work.changes - 1, 0);
    this.#events.wrote(first.mutation.entity, outcomes, merged, seconds);
  }

  #failed(lane: Lane, works: readonly RowWork[], thrown: unknown): void {
    const error =
      thrown instanceof DestinationError
        ? thrown
        : // A table that went missing is no record's fault; anything else that is thrown is a value that no check foresaw.
          new DestinationError(
            thrown instanceof DependencyError ? 'outage' : 'permanent',
            messageOf(thrown),
            { cause: thrown },
          );
    const now = this.#events.now();
    if (error.kind === 'outage') this.#circuit.trip();
    if (error.kind === 'transient') this.#circuit.failed();
    for (const work of [...works].reverse()) {
      if (error.kind === 'permanent') {
        if (work.changes > 1) {
          this.#events.retried();
          for (const change of work.split().reverse()) this.#putBack(lane, change);
          continue;
        }
        if (works.length === 1) {
          work.give({
            exhausted: false,
            error,
            attempts: work.attempts + 1,
            firstFailedAt: work.firstFailedAt || now,
          });
          continue;
        }
        work.alone = true;
      } else if (error.kind === 'transient' && this.#usedUp(work, now)) {
        work.give({ exhausted: true, error, attempts: work.attempts, firstFailedAt: work.firstFailedAt });
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
    const works = lane.pending.get(work.key);
    works?.shift();
    if (works?.length === 0) lane.pending.delete(work.key);
  }

  #putBack(lane: Lane, work: RowWork): void {
    const works = lane.pending.get(work.key);
    if (works === undefined) lane.pending.set(work.key, [work]);
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
