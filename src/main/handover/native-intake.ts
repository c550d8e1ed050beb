import { must } from '../../shared/assert.ts';
import { type RecordConsumer, UNKNOWN_TOPIC } from '../consume.ts';
import type { Dispatcher } from '../dispatch.ts';
import type { OffsetRange, PartitionMap, PartitionState } from '../partitions.ts';
import { IDLE_WAIT_MS, type Intake, type Taken } from './intake.ts';
import { type FrameConsumer, type HandoverAddon, nativeClient, ROW, ROW_NUMBERS } from './native-addon.ts';

/** While records wait for a slot, a call must not hold the slots that become free for longer than this, ms. */
const BUSY_WAIT_MS = 2;

/** A slot that the addon fills for a worker. */
interface Lent {
  readonly slot: number;
  readonly frame: SharedArrayBuffer;
  readonly oversize: boolean;
  readonly ranges: OffsetRange[];
  records: number;
  bytes: number;
}

/** One row of a fill; `number` as ROW_NUMBERS says. */
interface Row {
  readonly kind: number;
  readonly worker: number;
  readonly topicId: number;
  readonly partition: number;
  readonly number: number;
  readonly timestamp: number;
  readonly records: number;
  readonly bytes: number;
}

/**
 * librdkafka's batches go straight into the slots, on a thread of libuv's pool: no record becomes an object here. What this thread
 * hears of is one row for each partition in a frame.
 */
export class NativeIntake implements Intake {
  readonly #consumer: RecordConsumer;
  readonly #dispatcher: Dispatcher;
  readonly #partitions: PartitionMap;
  readonly #native: FrameConsumer;
  readonly #errorText: HandoverAddon['errorText'];
  readonly #warn: (message: string) => void;
  /** By worker: bytes that the frame of its next record needs, when no slot holds it. */
  readonly #oversize: (number | undefined)[] = [];
  #idle = true;

  /** The consumer has to be connected. */
  constructor(
    addon: HandoverAddon,
    parts: {
      readonly consumer: RecordConsumer;
      readonly dispatcher: Dispatcher;
      readonly partitions: PartitionMap;
    },
    warn: (message: string) => void,
  ) {
    this.#consumer = parts.consumer;
    this.#dispatcher = parts.dispatcher;
    this.#partitions = parts.partitions;
    this.#errorText = addon.errorText;
    this.#warn = warn;
    this.#native = new addon.FrameConsumer(
      nativeClient(parts.consumer.client),
      parts.dispatcher.lanes.length,
    );
  }

  async take(max: number): Promise<Taken> {
    return await this.#consumer.polling(async () => {
      const lent = this.#dispatcher.lanes.map((_, worker) => this.#lend(worker));
      const started = performance.now();
      const rows = await this.#fill(lent, max);
      const seconds = (performance.now() - started) / 1000;
      const told = [...rowsOf(rows)];
      // An end first: a range may hold records from before and from behind it.
      for (const row of told) if (row.kind === ROW.end) this.#stateOf(row).ended(row.number);
      for (const row of told) this.#note(row, lent);
      let [records, bytes] = [0, 0];
      for (const [worker, one] of lent.entries()) {
        must(this.#dispatcher.lanes[worker], 'lane').queuedBytes = this.#native.carriedBytes(worker);
        if (one === null) continue;
        records += one.records;
        bytes += one.bytes;
        this.#send(worker, one);
      }
      this.#idle = records === 0;
      return { records, bytes, seconds };
    });
  }

  assigned({ topic, topicId, partition, worker }: PartitionState): void {
    this.#native.assign(topic, topicId, partition, worker);
  }

  revoked(states: readonly PartitionState[]): void {
    for (const { topic, topicId, partition, worker } of states) {
      this.#native.assign(topic, topicId, partition, -1);
      // The next record may be another one now: the addon says so again if it is as large.
      this.#oversize[worker] = undefined;
    }
    for (const [worker, lane] of this.#dispatcher.lanes.entries())
      lane.queuedBytes = this.#native.carriedBytes(worker);
  }

  close(): void {
    this.#native.close();
  }

  #lend(worker: number): Lent | null {
    const slot = this.#dispatcher.takeSlot(worker);
    if (slot === undefined) return null;
    const bytes = this.#oversize[worker];
    this.#oversize[worker] = undefined;
    return {
      slot,
      frame: bytes === undefined ? this.#dispatcher.records(worker, slot) : new SharedArrayBuffer(bytes),
      oversize: bytes !== undefined,
      ranges: [],
      records: 0,
      bytes: 0,
    };
  }

  #fill(lent: readonly (Lent | null)[], max: number): Promise<Float64Array> {
    const waiting = this.#dispatcher.lanes.some(({ queuedBytes }) => queuedBytes > 0);
    const idleMs = this.#idle ? IDLE_WAIT_MS : 0;
    return new Promise((resolve) => {
      const frames = lent.map((one) => one?.frame ?? null);
      this.#native.fill(frames, max, waiting ? BUSY_WAIT_MS : idleMs, resolve);
    });
  }

  #note(row: Row, lent: readonly (Lent | null)[]): void {
    if (row.kind === ROW.oversize) this.#oversize[row.worker] = row.number;
    // librdkafka goes on trying by itself. A pattern that matches no topic yet says so once in a while: the topic may still come.
    if (row.kind === ROW.error && row.number !== UNKNOWN_TOPIC)
      this.#warn(`poll: ${this.#errorText(row.number)}`);
    if (row.kind !== ROW.range) return;
    const state = this.#stateOf(row);
    const one = must(lent[row.worker], 'slot of a range');
    const range = state.openRange(row.number, Math.max(0, row.timestamp));
    range.records = row.records;
    state.took(row.records, row.bytes, row.number);
    one.ranges.push(range);
    one.records += row.records;
    one.bytes += row.bytes;
  }

  #stateOf({ topicId, partition }: Row): PartitionState {
    return must(this.#partitions.at(topicId, partition), 'partition of a fill');
  }

  #send(worker: number, { slot, frame, oversize, ranges, records, bytes }: Lent): void {
    if (records === 0) this.#dispatcher.putBack(worker, slot);
    else
      this.#dispatcher.dispatch(worker, slot, {
        records,
        bytes,
        ranges,
        oversize: oversize ? frame : undefined,
      });
  }
}

function* rowsOf(numbers: Float64Array): Generator<Row> {
  for (let at = 0; at < numbers.length; at += ROW_NUMBERS) {
    const [
      kind = -1,
      worker = -1,
      topicId = 0,
      partition = 0,
      number = 0,
      timestamp = 0,
      records = 0,
      bytes = 0,
    ] = numbers.subarray(at, at + ROW_NUMBERS);
    yield { kind, worker, topicId, partition, number, timestamp, records, bytes };
  }
}
