import type { Message } from 'node-rdkafka';
import { assert, must } from '../../shared/assert.ts';
import { frameBytes, RecordFrameWriter } from '../../shared/record-frame.ts';
import { encodeHeaders, HeaderEncoder, type RecordHeaders } from '../../shared/record-headers.ts';
import type { RecordConsumer } from '../consume.ts';
import type { Dispatcher } from '../dispatch.ts';
import type { OffsetRange, PartitionMap, PartitionState } from '../partitions.ts';
import type { Intake, Taken } from './intake.ts';
import { type Queued, RecordQueue } from './record-queue.ts';

/** What a record costs in the queue beside its key and value. */
const QUEUED_OVERHEAD_BYTES = 64;

export interface PlainIntakeParts {
  readonly consumer: Pick<RecordConsumer, 'polling' | 'poll'>;
  readonly dispatcher: Dispatcher;
  readonly partitions: PartitionMap;
}

/** Records come as node-rdkafka's objects and are copied into slots by JavaScript. */
export class PlainIntake implements Intake {
  readonly #consumer: PlainIntakeParts['consumer'];
  readonly #dispatcher: Dispatcher;
  readonly #partitions: PartitionMap;
  readonly #queues: readonly RecordQueue[];
  readonly #writers: readonly (readonly RecordFrameWriter[])[];
  readonly #headers = new HeaderEncoder();

  constructor({ consumer, dispatcher, partitions }: PlainIntakeParts) {
    this.#consumer = consumer;
    this.#dispatcher = dispatcher;
    this.#partitions = partitions;
    this.#queues = dispatcher.lanes.map(() => new RecordQueue());
    this.#writers = dispatcher.lanes.map(({ slots }) =>
      slots.map((slot) => new RecordFrameWriter(slot.records)),
    );
    dispatcher.onFreed((worker) => this.#pump(worker));
  }

  async take(max: number): Promise<Taken> {
    return await this.#consumer.polling(async () => {
      const started = performance.now();
      // What waits is dispatched as soon as a slot is free.
      const messages = max === 0 ? [] : await this.#consumer.poll(max);
      const seconds = (performance.now() - started) / 1000;
      const bytes = messages.reduce((sum, message) => sum + this.#enqueue(message), 0);
      for (let worker = 0; worker < this.#queues.length; worker += 1) this.#pump(worker);
      return { records: messages.length, bytes, seconds };
    });
  }

  assigned(): void {
    // A record's partition is looked up when it comes.
  }

  revoked(): void {
    for (const [worker, queue] of this.#queues.entries()) {
      queue.dropRevoked();
      this.#count(worker, queue);
    }
  }

  close(): void {
    // Nothing is held of the consumer.
  }

  /** Answers the record's bytes; 0 when its partition is not ours. */
  #enqueue(message: Message): number {
    const state = this.#partitions.get(message.topic, message.partition);
    // Records of a partition on its way out may still be in librdkafka's queue: its next owner reads them.
    if (state === undefined || state.revoked) return 0;
    const bytes = (message.value?.length ?? 0) + (message.key?.length ?? 0);
    state.took(1, bytes, message.offset);
    const queue = must(this.#queues[state.worker], 'queue');
    queue.push({ state, message, bytes: bytes + QUEUED_OVERHEAD_BYTES });
    this.#count(state.worker, queue);
    return bytes;
  }

  /** Dispatches as much as there are free slots. */
  #pump(worker: number): void {
    const queue = must(this.#queues[worker], 'queue');
    while (queue.peek() !== undefined) {
      const slot = this.#dispatcher.takeSlot(worker);
      if (slot === undefined) break;
      this.#fill(worker, slot, queue);
    }
    this.#count(worker, queue);
  }

  #fill(worker: number, slot: number, queue: RecordQueue): void {
    const writer = must(this.#writers[worker]?.[slot], 'slot writer');
    const ranges = new Map<PartitionState, OffsetRange>();
    writer.reset();
    let bytes = 0;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (!append(writer, next, this.#headers.encode(headersOf(next)))) break;
      queue.shift();
      bytes += next.bytes;
      note(next, ranges);
    }
    let oversize: SharedArrayBuffer | undefined;
    if (writer.count === 0) {
      const next = must(queue.peek(), 'oversize record');
      oversize = oversizeFrame(next);
      queue.shift();
      bytes = next.bytes;
      note(next, ranges);
    }
    this.#dispatcher.dispatch(worker, slot, {
      records: oversize === undefined ? writer.count : 1,
      bytes,
      ranges: [...ranges.values()],
      oversize,
    });
  }

  #count(worker: number, queue: RecordQueue): void {
    must(this.#dispatcher.lanes[worker], 'lane').queuedBytes = queue.bytes;
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

/** Notes a record in its partition's range of this batch. */
function note({ state, message }: Queued, ranges: Map<PartitionState, OffsetRange>): void {
  const range = ranges.get(state);
  if (range === undefined) {
    ranges.set(state, state.openRange(message.offset, message.timestamp ?? 0));
    return;
  }
  range.lastOffset = message.offset;
  range.lastTimestamp = message.timestamp ?? 0;
  range.records += 1;
}
