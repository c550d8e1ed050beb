import type { Slot } from '../shared/worker-protocol.ts';
import type { OffsetRange } from './partitions.ts';

/** One worker's share: its slots, and what is on its way in them. */
export class Lane {
  readonly slots: readonly Slot[];
  readonly free: number[];
  /** Bytes that were taken from Kafka and wait for a slot; kept by the intake. */
  queuedBytes = 0;
  inflightBytes = 0;
  /** Batches that the worker has not answered yet. */
  working = 0;
  /** Numbers of the batches that are dispatched and not acknowledged, in order. */
  readonly open = new Set<number>();
  #nextBatch = 0;
  readonly #topicsKnown = new Set<number>();

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
    this.free = slots.map((_, slot) => slot).reverse();
  }

  /** Whether records wait because no slot is left. */
  get isBehind(): boolean {
    return this.free.length === 0 && this.queuedBytes > 0;
  }

  takeNumber(): number {
    this.#nextBatch += 1;
    return this.#nextBatch - 1;
  }

  /** The batch up to which all are acknowledged. */
  get acknowledged(): number {
    for (const number of this.open) return number - 1;
    return this.#nextBatch - 1;
  }

  /** Id and name of the topics in these ranges that this worker has not been told of. */
  newTopics(ranges: readonly OffsetRange[]): [number, string][] {
    const topics: [number, string][] = [];
    for (const { partition } of ranges) {
      if (this.#topicsKnown.has(partition.topicId)) continue;
      this.#topicsKnown.add(partition.topicId);
      topics.push([partition.topicId, partition.topic]);
    }
    return topics;
  }
}
