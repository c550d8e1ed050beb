import { must } from '../shared/assert.ts';
import type { BatchResult, BatchTask, Slot } from '../shared/worker-protocol.ts';
import { Lane } from './lane.ts';
import type { OffsetRange } from './partitions.ts';

/** Records in a slot, ready for its worker. */
export interface Filled {
  readonly records: number;
  readonly bytes: number;
  readonly ranges: readonly OffsetRange[];
  /** Instead of the slot's buffer, for a record that is larger than that. */
  readonly oversize?: SharedArrayBuffer | undefined;
}

/** A batch on its way: in a slot of one worker, from dispatch until every destination has acknowledged it. */
export interface Batch {
  readonly worker: number;
  readonly slot: number;
  /** The worker's batches are counted from 0. */
  readonly number: number;
  readonly records: number;
  readonly bytes: number;
  readonly ranges: readonly OffsetRange[];
  /** Where its records are: the slot's buffer, or one of its own for a record that is larger. */
  readonly frame: SharedArrayBuffer;
  /** performance.now() when the batch was handed over. */
  readonly dispatchedAt: number;
}

export interface DispatchSettings {
  readonly slots: readonly (readonly Slot[])[];
  /** Bytes in flight per worker beyond which no further batch is dispatched to it. */
  readonly inflightBytesMax: number;
  /** Overwrites a slot when it is released, so that a test sees whoever still reads it. */
  readonly poisonSlots?: boolean;
  /** Runs a batch on its worker. */
  readonly run: (task: BatchTask) => Promise<BatchResult>;
  readonly finished: (batch: Batch, result: BatchResult) => void;
  readonly failed: (error: unknown) => void;
}

const POISON = 0xdb;

/** Slots of every worker: the memory in which batches travel. */
export function createSlots(workers: number, slotsPerWorker: number, slotBytes: number): Slot[][] {
  return Array.from({ length: workers }, () =>
    Array.from({ length: slotsPerWorker }, () => ({
      records: new SharedArrayBuffer(slotBytes),
      analytics: new SharedArrayBuffer(slotBytes),
    })),
  );
}

/** The slots of all workers: lends them to whoever fills them (an Intake), hands filled ones to their workers, takes them back. */
export class Dispatcher {
  readonly lanes: readonly Lane[];
  readonly #settings: DispatchSettings;
  #roomWaiters: (() => void)[] = [];
  #freed: (worker: number) => void = () => undefined;

  constructor(settings: DispatchSettings) {
    this.#settings = settings;
    this.lanes = settings.slots.map((slots) => new Lane(slots));
  }

  /** Who is told that a worker has a free slot again. */
  onFreed(freed: (worker: number) => void): void {
    this.#freed = freed;
  }

  /** A free slot of a worker that may have another batch; dispatch it or put it back. */
  takeSlot(worker: number): number | undefined {
    const lane = this.#lane(worker);
    return this.#mayTake(lane) ? lane.free.pop() : undefined;
  }

  putBack(worker: number, slot: number): void {
    this.#lane(worker).free.push(slot);
  }

  records(worker: number, slot: number): SharedArrayBuffer {
    return must(this.#lane(worker).slots[slot], 'slot').records;
  }

  /** Hands a filled slot to its worker. A partition's batches have to come in the order of its records. */
  dispatch(worker: number, slot: number, filled: Filled): void {
    const lane = this.#lane(worker);
    const { records, bytes, ranges, oversize } = filled;
    const batch: Batch = {
      worker,
      slot,
      number: lane.takeNumber(),
      records,
      bytes,
      ranges,
      frame: oversize ?? this.records(worker, slot),
      dispatchedAt: performance.now(),
    };
    lane.open.add(batch.number);
    lane.inflightBytes += bytes;
    lane.working += 1;
    const task: BatchTask = {
      worker,
      slot,
      batch: batch.number,
      acknowledged: lane.acknowledged,
      topics: lane.newTopics(ranges),
      ...(oversize === undefined ? {} : { oversize }),
    };
    this.#settings.run(task).then(
      (result) => {
        lane.working -= 1;
        this.#settings.finished(batch, result);
      },
      (error: unknown) => this.#settings.failed(error),
    );
  }

  /** Ends a batch: its slot may be filled again. */
  release(batch: Batch): void {
    const lane = this.#lane(batch.worker);
    lane.inflightBytes -= batch.bytes;
    lane.open.delete(batch.number);
    if (this.#settings.poisonSlots === true) {
      const slot = must(lane.slots[batch.slot], 'slot');
      for (const buffer of [slot.records, slot.analytics]) new Uint8Array(buffer).fill(POISON);
    }
    lane.free.push(batch.slot);
    this.#freed(batch.worker);
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }

  /** True when every worker has a backlog and no room: reading on would only grow the queue. */
  isFull(queuedBytes: number): boolean {
    return this.lanes.every((lane) => lane.queuedBytes > queuedBytes);
  }

  /** Whether something waits that has a slot by now. */
  get canTake(): boolean {
    return this.lanes.some((lane) => lane.queuedBytes > 0 && this.#mayTake(lane) && lane.free.length > 0);
  }

  /** Resolves when a slot was released, at the latest after `ms`. */
  async room(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#roomWaiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  queuedBytes(worker: number): number {
    return this.#lane(worker).queuedBytes;
  }

  /** Bytes taken from Kafka and not acknowledged: queued and in slots. */
  get inflightBytes(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.queuedBytes + lane.inflightBytes, 0);
  }

  /** Whether records wait because some worker has no slot left. */
  get isBehind(): boolean {
    return this.lanes.some((lane) => lane.isBehind);
  }

  /** Whether a worker that has no slot left would be idle soon if it did not get one while all workers do `batches` batches. */
  isShort(batches: number): boolean {
    const share = Math.ceil(batches / this.lanes.length) + 1;
    return this.lanes.some((lane) => lane.isBehind && lane.working <= share);
  }

  /** However little may be in flight, one batch always may. */
  #mayTake(lane: Lane): boolean {
    return lane.open.size === 0 || lane.inflightBytes <= this.#settings.inflightBytesMax;
  }

  #lane(worker: number): Lane {
    return must(this.lanes[worker], `worker ${worker}`);
  }
}
