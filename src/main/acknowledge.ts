import { messageOf } from '../shared/errors.ts';
import type { Collected } from './collect.ts';
import { failureName } from './collect.ts';
import type { PipelineObserver } from './observer.ts';
import type { PartitionState } from './partitions.ts';
import type { OutgoingRecord, ProduceFailure, RecordProducer } from './produce.ts';

export interface AcknowledgeSettings {
  readonly producer: RecordProducer;
  /** Longest time that a batch waits for the barrier after its records were produced, ms. */
  readonly intervalMs: number;
  readonly retryBackoffMs: number;
  readonly commit: (offsets: { topic: string; partition: number; offset: number }[]) => void;
  /** Whether records wait for a slot. */
  readonly isBehind: () => boolean;
  /** Whether a worker would be idle soon if no slot came free while so many batches are done: then the barrier comes at once. */
  readonly isShort: (batches: number) => boolean;
  readonly observer: PipelineObserver;
  readonly log: (level: 'warn' | 'error', message: string) => void;
  readonly fatal: (error: unknown) => void;
}

/** The longest wait for a barrier is this much shorter while nothing waits for a slot. */
const CALM_SHARE = 5;

/**
 * The end of the path: produces what the workers made, waits for the brokers, moves each partition's frontier over what every
 * destination has acknowledged, and commits it. One barrier at a time: batches that finish during it wait for the next.
 */
export class Acknowledger {
  readonly #settings: AcknowledgeSettings;
  #ready: Collected[] = [];
  #epoch: Collected[] = [];
  #epochSince = 0;
  /** Whether records have waited for a slot since the last barrier. */
  #behind = false;
  /** Batches that came during the last barrier: workers need as many to be busy during the next one. */
  #cameMeanwhile = 0;
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(settings: AcknowledgeSettings) {
    this.#settings = settings;
  }

  /** Takes a batch that its worker is done with. */
  add(batch: Collected): void {
    this.#ready.push(batch);
    this.#kick(false);
  }

  /** Produces and confirms everything that was added before; ends early when closed. */
  async settle(): Promise<void> {
    while (!this.#closed && (this.pending > 0 || this.#working !== null)) {
      if (this.#working === null) this.#kick(true);
      await this.#working;
    }
  }

  get pending(): number {
    return this.#ready.length + this.#epoch.length;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #kick(now: boolean): void {
    if (this.#working !== null || this.#closed) return;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    this.#working = this.#work(now).then(
      () => {
        this.#working = null;
        if (this.#ready.length > 0) this.#kick(false);
        else if (this.#epoch.length > 0) this.#later();
      },
      (error: unknown) => {
        this.#working = null;
        this.#settings.fatal(error);
      },
    );
  }

  #later(): void {
    const left = this.#epochSince + this.#longestWaitMs - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#kick(true);
      },
      Math.max(0, left),
    );
  }

  /** Rare barriers are for a backlog. Without one nobody is kept waiting by the next, and what has come is due to be committed. */
  get #longestWaitMs(): number {
    const { intervalMs } = this.#settings;
    return this.#behind ? intervalMs : intervalMs / CALM_SHARE;
  }

  async #work(now: boolean): Promise<void> {
    const ready = this.#ready;
    this.#ready = [];
    for (const batch of ready) {
      if (this.#epoch.length === 0) this.#epochSince = performance.now();
      await this.#produceAll(batch);
      this.#epoch.push(batch);
    }
    if (this.#epoch.length === 0) return;
    this.#behind ||= this.#settings.isBehind();
    const due = performance.now() - this.#epochSince >= this.#longestWaitMs;
    if (
      now ||
      due ||
      this.#settings.isShort(this.#cameMeanwhile) ||
      this.#settings.producer.unconfirmed === 0
    )
      await this.#confirm();
  }

  async #produceAll(batch: Collected): Promise<void> {
    const { producer, observer } = this.#settings;
    const { frame } = batch;
    if (frame === null || !producer.takesFrames) return await this.#produce(batch.outgoing());
    for (const [topic, records] of await producer.produceFrame(frame)) observer.produced(topic, records);
  }

  async #produce(records: Iterable<OutgoingRecord>): Promise<void> {
    const { producer, observer } = this.#settings;
    let topic = '';
    let count = 0;
    for (const record of records) {
      while (!producer.tryProduce(record)) await producer.room();
      if (record.topic !== topic) {
        if (count > 0) observer.produced(topic, count);
        topic = record.topic;
        count = 0;
      }
      count += 1;
    }
    if (count > 0) observer.produced(topic, count);
  }

  async #confirm(): Promise<void> {
    const started = performance.now();
    const epoch = this.#epoch;
    for (let attempt = 0; ; attempt += 1) {
      const failures = await this.#settings.producer.barrier();
      if (failures.length === 0) break;
      await this.#produceAgain(epoch, failures, attempt);
    }
    this.#epoch = [];
    this.#cameMeanwhile = this.#ready.length;
    this.#behind = false;
    this.#settings.observer.confirmed((performance.now() - started) / 1000);
    this.#acknowledge(epoch);
    for (const collected of epoch) collected.release();
  }

  /** A refusal of one record parks its source record; everything else is the brokers' trouble and is tried until it passes. */
  async #produceAgain(
    epoch: readonly Collected[],
    failures: readonly ProduceFailure[],
    attempt: number,
  ): Promise<void> {
    const { log, retryBackoffMs } = this.#settings;
    for (const { topic } of failures) this.#settings.observer.produceFailed(topic);
    const first = failures[0];
    log(
      'warn',
      `${failures.length} records were not acknowledged by Kafka, producing again: ${first?.topic}: ${first?.message}`,
    );
    // What is refused for good after the first time is a dead letter, which has nowhere else to go.
    if (attempt > 0 || failures.some(({ permanent }) => !permanent)) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(retryBackoffMs * 2 ** attempt, 10_000)));
    }
    const byName = failuresByName(failures.filter(({ permanent }) => !permanent));
    const refused = failuresByName(failures.filter(({ permanent }) => permanent));
    const suspects = epoch.flatMap((batch) => batch.named(refused));
    for (const [name, failure] of await this.#refusedAlone(suspects, refused)) byName.set(name, failure);
    for (const batch of epoch) await this.#produce(batch.afterFailures(byName));
  }

  /**
   * A broker refuses a whole produce batch for one record in it that is too large. Produces its halves, and the halves of those that
   * are refused again, until what is left is refused on its own. Answers the failures that have to be dealt with.
   */
  async #refusedAlone(
    suspects: readonly OutgoingRecord[],
    refused: Map<string, ProduceFailure>,
  ): Promise<Map<string, ProduceFailure>> {
    if (suspects.length < 2) return refused;
    const left = new Map<string, ProduceFailure>();
    const groups = halves(suspects);
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      await this.#produce(group);
      const failures = failuresByName(await this.#settings.producer.barrier());
      const failed = group.filter((record) => failures.get(failureName(record))?.permanent === true);
      if (failed.length > 1) groups.push(...halves(failed));
      for (const [name, failure] of failures)
        if (!failure.permanent || failed.length === 1) left.set(name, failure);
    }
    return left;
  }

  #acknowledge(epoch: readonly Collected[]): void {
    const moved = new Set<PartitionState>();
    const now = Date.now();
    for (const { ranges } of epoch) {
      for (const range of ranges) {
        range.acknowledged = true;
        this.#settings.observer.acknowledged(range.records, Math.max(0, now - range.lastTimestamp) / 1000);
        if (range.partition.advance()) moved.add(range.partition);
      }
    }
    this.#commit([...moved]);
  }

  #commit(states: readonly PartitionState[]): void {
    const offsets = [];
    for (const state of states) {
      // A partition on its way out is committed by its drain; one that is gone belongs to somebody else.
      if (state.revoked || state.frontier === null || state.frontier === state.committed) continue;
      offsets.push({ topic: state.topic, partition: state.partition, offset: state.frontier });
      state.committed = state.frontier;
    }
    if (offsets.length === 0) return;
    try {
      this.#settings.commit(offsets);
    } catch (error) {
      this.#settings.log('warn', `commit: ${messageOf(error)}`);
    }
  }
}

function failuresByName(failures: readonly ProduceFailure[]): Map<string, ProduceFailure> {
  return new Map(failures.map((failure) => [failureName(failure), failure]));
}

function halves(records: readonly OutgoingRecord[]): (readonly OutgoingRecord[])[] {
  const middle = Math.ceil(records.length / 2);
  return [records.slice(0, middle), records.slice(middle)];
}
