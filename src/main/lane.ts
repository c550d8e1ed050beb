import type { Message } from 'node-rdkafka';
import { must } from '../shared/assert.ts';
import { RecordFrameWriter } from '../shared/record-frame.ts';
import type { Slot } from '../shared/worker-protocol.ts';
import type { PartitionState } from './partitions.ts';

/** A record that waits for a slot. */
export interface Queued {
  readonly state: PartitionState;
  readonly message: Message;
  readonly bytes: number;
}

/** Records taken from a lane's queue before it is cut. */
const COMPACT_AFTER = 1024;

/** One worker's share: records that wait for a slot, and the slots. */
export class Lane {
  readonly slots: readonly Slot[];
  readonly writers: readonly RecordFrameWriter[];
  readonly free: number[];
  #queue: Queued[] = [];
  #head = 0;
  queuedBytes = 0;
  inflightBytes = 0;
  /** Numbers of the batches that are dispatched and not acknowledged, in order. */
  readonly open = new Set<number>();
  nextBatch = 0;
  /** Topic ids that this worker knows the names of. */
  topicsKnown = new Set<number>();

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
    this.writers = slots.map((slot) => new RecordFrameWriter(slot.records));
    this.free = slots.map((_, slot) => slot).reverse();
  }

  takeNumber(): number {
    this.nextBatch += 1;
    return this.nextBatch - 1;
  }

  /** The batch up to which all are acknowledged. */
  get acknowledged(): number {
    for (const number of this.open) return number - 1;
    return this.nextBatch - 1;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
    this.queuedBytes += queued.bytes;
  }

  peek(): Queued | undefined {
    return this.#queue[this.#head];
  }

  shift(): void {
    const queued = must(this.#queue[this.#head], 'queued record');
    this.queuedBytes -= queued.bytes;
    this.#head += 1;
    // Under load the queue is never empty: what is behind its head would keep its records alive for ever.
    if (this.#head === this.#queue.length || this.#head >= COMPACT_AFTER) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Drops what waits for partitions that are no longer ours: whoever has them now reads it again. */
  dropRevoked(): void {
    const kept = this.#queue.slice(this.#head).filter(({ state }) => !state.revoked);
    this.#queue = kept;
    this.#head = 0;
    this.queuedBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
