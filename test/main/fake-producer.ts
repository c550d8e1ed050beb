import { CollectedRows } from '../../src/main/collect.ts';
import type { OutgoingRecord, ProduceFailure, RecordProducer } from '../../src/main/produce.ts';

/** What the acknowledger uses of a producer. */
type Produces = Pick<
  RecordProducer,
  'tryProduce' | 'room' | 'barrier' | 'unconfirmed' | 'takesFrames' | 'produceFrame'
>;

/** A producer whose barrier is the test's to open. */
export class FakeProducer implements Produces {
  takesFrames = false;
  /** Frames that it was given. */
  frames = 0;
  readonly produced: OutgoingRecord[] = [];
  unconfirmed = 0;
  /** Times that the queue is full before it takes a record. */
  full = 0;
  #waiting: ((failures: readonly ProduceFailure[]) => void) | null = null;

  tryProduce(record: OutgoingRecord): boolean {
    if (this.full > 0) {
      this.full -= 1;
      return false;
    }
    this.produced.push(record);
    this.unconfirmed += 1;
    return true;
  }

  async produceFrame(frame: SharedArrayBuffer): Promise<Map<string, number>> {
    this.frames += 1;
    const records = [...new CollectedRows(frame, () => undefined).outgoing()];
    for (const record of records) this.tryProduce(record);
    await new Promise(setImmediate);
    const given = new Map<string, number>();
    for (const { topic } of records) given.set(topic, (given.get(topic) ?? 0) + 1);
    return given;
  }

  async room(): Promise<void> {
    await new Promise(setImmediate);
  }

  barrier(): Promise<readonly ProduceFailure[]> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  get atBarrier(): boolean {
    return this.#waiting !== null;
  }

  /** Ends the barrier: what was produced is acknowledged but for these. */
  async answer(failures: readonly ProduceFailure[] = []): Promise<void> {
    const resolve = this.#waiting;
    if (resolve === null) throw new Error('nobody waits at the barrier');
    this.#waiting = null;
    this.unconfirmed = 0;
    resolve(failures);
    await settleTurns();
  }

  /** The acknowledger knows the class; it uses these members only. */
  asProducer(): RecordProducer {
    return this as unknown as RecordProducer;
  }
}

export async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

/** A failure report of a record, as librdkafka's carries it. */
export function failureOf(record: OutgoingRecord, permanent: boolean): ProduceFailure {
  return {
    topic: record.topic,
    key: record.key?.toString() ?? null,
    bytes: record.value?.length ?? 0,
    permanent,
    message: permanent ? 'Broker: Message size too large' : 'Local: Message timed out',
  };
}
