import type { Message } from 'node-rdkafka';
import { assert, must } from '../shared/assert.ts';
import {
  encodeHeaders,
  frameBytes,
  HeaderEncoder,
  RecordFrameWriter,
  type RecordHeaders,
} from '../shared/record-frame.ts';
import type { BatchResult, BatchTask, Slot } from '../shared/worker-protocol.ts';
import { Lane, type Queued } from './lane.ts';
import type { OffsetRange, PartitionState } from './partitions.ts';

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
  /** Runs a batch on its worker. */
  readonly run: (task: BatchTask) => Promise<BatchResult>;
  readonly finished: (batch: Batch, result: BatchResult) => void;
  readonly failed: (error: unknown) => void;
}

/** Slots of every worker: the memory in which batches travel. */
export function createSlots(workers: number, slotsPerWorker: number, slotBytes: number): Slot[][] {
  return Array.from({ length: workers }, () =>
    Array.from({ length: slotsPerWorker }, () => ({
      records: new SharedArrayBuffer(slotBytes),
      analytics: new SharedArrayBuffer(slotBytes),
    })),
  );
}

/** Puts records into slots and hands the slots to the workers, in the order in which each partition's records came. */
export class Dispatcher {
  readonly #lanes: readonly Lane[];
  readonly #settings: DispatchSettings;
  readonly #headers = new HeaderEncoder();
  #roomWaiters: (() => void)[] = [];

  constructor(settings: DispatchSettings) {
    this.#settings = settings;
    this.#lanes = settings.slots.map((slots) => new Lane(slots));
  }

  enqueue(state: PartitionState, message: Message): void {
    const lane = this.#lane(state.worker);
    const bytes = (message.value?.length ?? 0) + (message.key?.length ?? 0) + 64;
    lane.push({ state, message, bytes });
  }

  /** Dispatches as much as there are free slots. */
  pump(): void {
    for (let worker = 0; worker < this.#lanes.length; worker += 1) this.#pumpLane(worker);
  }

  /** Ends a batch: its slot may be filled again. */
  release(batch: Batch): void {
    const lane = this.#lane(batch.worker);
    lane.inflightBytes -= batch.bytes;
    lane.open.delete(batch.number);
    lane.free.push(batch.slot);
    this.#pumpLane(batch.worker);
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }

  /** True when every worker has a backlog and no room: reading on would only grow the queue. */
  isFull(queuedBytes: number): boolean {
    return this.#lanes.every((lane) => lane.queuedBytes > queuedBytes);
  }

  /**
   * Waits while every worker has more than this waiting. At most `ms`: a consumer that does not poll loses its membership, and what
   * the next polls bring then gets the partitions paused. Pausing drops what was fetched ahead: it is for stalls, not for full load.
   */
  async roomBelow(queuedBytes: number, ms: number, stopped: () => boolean): Promise<void> {
    const deadline = performance.now() + ms;
    while (this.isFull(queuedBytes) && !stopped()) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await this.room(left);
    }
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

  get inflightBatches(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.open.size, 0);
  }

  /** Bytes taken from Kafka and not acknowledged: queued and in slots. */
  get inflightBytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.queuedBytes + lane.inflightBytes, 0);
  }

  /** Whether some worker has no slot left: acknowledging early gives it one. */
  get starved(): boolean {
    return this.#lanes.some((lane) => lane.free.length === 0 && lane.queuedBytes > 0);
  }

  dropRevoked(): void {
    for (const lane of this.#lanes) lane.dropRevoked();
  }

  #lane(worker: number): Lane {
    return must(this.#lanes[worker], `worker ${worker}`);
  }

  #pumpLane(worker: number): void {
    const lane = this.#lane(worker);
    while (lane.peek() !== undefined && lane.free.length > 0) {
      if (lane.open.size > 0 && lane.inflightBytes > this.#settings.inflightBytesMax) return;
      this.#dispatch(worker, lane);
    }
  }

  #dispatch(worker: number, lane: Lane): void {
    const slot = must(lane.free.pop(), 'free slot');
    const writer = must(lane.writers[slot], 'slot writer');
    const ranges = new Map<PartitionState, OffsetRange>();
    const topics: [number, string][] = [];
    writer.reset();
    let bytes = 0;
    for (let next = lane.peek(); next !== undefined; next = lane.peek()) {
      if (!append(writer, next, this.#headers.encode(headersOf(next)))) break;
      lane.shift();
      bytes += next.bytes;
      note(next, ranges, lane, topics);
    }
    let oversize: SharedArrayBuffer | undefined;
    if (writer.count === 0) {
      const next = must(lane.peek(), 'oversize record');
      oversize = oversizeFrame(next);
      lane.shift();
      bytes = next.bytes;
      note(next, ranges, lane, topics);
    }
    const batch: Batch = {
      worker,
      slot,
      number: lane.takeNumber(),
      records: oversize === undefined ? writer.count : 1,
      bytes,
      ranges: [...ranges.values()],
      frame: oversize ?? must(lane.slots[slot], 'slot').records,
      dispatchedAt: performance.now(),
    };
    lane.open.add(batch.number);
    lane.inflightBytes += bytes;
    const task: BatchTask = {
      worker,
      slot,
      batch: batch.number,
      acknowledged: lane.acknowledged,
      topics,
      ...(oversize === undefined ? {} : { oversize }),
    };
    this.#settings.run(task).then(
      (result) => this.#settings.finished(batch, result),
      (error: unknown) => this.#settings.failed(error),
    );
  }
}

function append(writer: RecordFrameWriter, { state, message }: Queued, headers: Uint8Array): boolean {
  return writer.append(
    state.topicId,
    state.partition,
    message.offset,
    message.timestamp ?? -1,
    keyBytes(message),
    message.value,
    headers,
  );
}

/** A frame of its own for a record that is larger than a slot. */
function oversizeFrame(queued: Queued): SharedArrayBuffer {
  const { message } = queued;
  const headers = encodeHeaders(headersOf(queued));
  const key = keyBytes(message);
  const buffer = new SharedArrayBuffer(
    frameBytes(key?.length ?? 0, message.value?.length ?? 0, headers.length),
  );
  assert(append(new RecordFrameWriter(buffer), queued, headers), 'oversize frame holds its record');
  return buffer;
}

/** node-rdkafka's types leave open what a header's value is; it gives bytes. */
function headersOf({ message }: Queued): RecordHeaders | undefined {
  return message.headers as RecordHeaders | undefined;
}

function keyBytes(message: Message): Uint8Array | null {
  const { key } = message;
  if (key === null || key === undefined) return null;
  return typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
}

/** Notes a record in its partition's range of this batch, and tells the worker of a topic that it does not know. */
function note(
  { state, message }: Queued,
  ranges: Map<PartitionState, OffsetRange>,
  lane: Lane,
  topics: [number, string][],
): void {
  const range = ranges.get(state);
  if (range === undefined) {
    ranges.set(state, state.openRange(message.offset, message.timestamp ?? 0));
    if (!lane.topicsKnown.has(state.topicId)) {
      lane.topicsKnown.add(state.topicId);
      topics.push([state.topicId, state.topic]);
    }
  } else {
    range.lastOffset = message.offset;
    range.lastTimestamp = message.timestamp ?? 0;
    range.records += 1;
  }
}
