import { AnalyticsFrameReader } from '../shared/analytics-frame.ts';
import type { DeadLetter } from '../shared/outcome.ts';
import type { BatchResult } from '../shared/worker-protocol.ts';
import { deadLetterRecord, type NameLookup } from './dead-letter.ts';
import type { Batch } from './dispatch.ts';
import type { OffsetRange } from './partitions.ts';
import { analyticsTopic, type OutgoingRecord, type ProduceFailure } from './produce.ts';

/** What has to be produced, and what counts as acknowledged once it is. */
export interface Collected {
  readonly ranges: readonly OffsetRange[];
  /** The analytics frame when everything of it, and nothing else, is to be produced; else null. */
  readonly frame: SharedArrayBuffer | null;
  /** Everything to produce. Buffers are good until `release`. */
  outgoing(): Iterable<OutgoingRecord>;
  /** What of it is called so (see failureName). */
  named(names: ReadonlyMap<string, unknown>): OutgoingRecord[];
  /** What has to be produced again because of these failures. */
  afterFailures(failures: ReadonlyMap<string, ProduceFailure>): OutgoingRecord[];
  release(): void;
}

/** Rows that follow-up work has changed: no record stands behind them, so one that a broker refuses for good cannot be parked. */
export class CollectedRows implements Collected {
  readonly ranges: readonly OffsetRange[] = [];
  readonly #analytics: SharedArrayBuffer;
  readonly #refused: (failure: ProduceFailure) => void;

  constructor(analytics: SharedArrayBuffer, refused: (failure: ProduceFailure) => void) {
    this.#analytics = analytics;
    this.#refused = refused;
  }

  get frame(): SharedArrayBuffer {
    return this.#analytics;
  }

  *outgoing(): Generator<OutgoingRecord> {
    const reader = new AnalyticsFrameReader(this.#analytics);
    for (let index = 0; index < reader.count; index += 1) yield analyticsRecord(reader, index);
  }

  named(names: ReadonlyMap<string, unknown>): OutgoingRecord[] {
    return [...this.outgoing()].filter((record) => names.has(failureName(record)));
  }

  afterFailures(failures: ReadonlyMap<string, ProduceFailure>): OutgoingRecord[] {
    return [...this.outgoing()].filter((record) => {
      const failure = failures.get(failureName(record));
      if (failure?.permanent === true) this.#refused(failure);
      return failure !== undefined && !failure.permanent;
    });
  }

  release(): void {
    // The buffer belongs to nobody else.
  }
}

/** A batch that its worker is done with: what has to be produced before it counts as acknowledged. */
export class CollectedBatch implements Collected {
  readonly batch: Batch;
  readonly result: BatchResult;
  readonly #analytics: SharedArrayBuffer;
  readonly #names: NameLookup;
  readonly #letters: DeadLetter[];
  readonly #release: (batch: Batch) => void;

  constructor(
    batch: Batch,
    result: BatchResult,
    analytics: SharedArrayBuffer,
    names: NameLookup,
    release: (batch: Batch) => void,
  ) {
    this.batch = batch;
    this.#release = release;
    this.result = result;
    this.#analytics = result.overflow ?? analytics;
    this.#names = names;
    this.#letters = [...result.deadLetters];
  }

  get ranges(): readonly OffsetRange[] {
    return this.batch.ranges;
  }

  release(): void {
    this.#release(this.batch);
  }

  get frame(): SharedArrayBuffer | null {
    return this.#letters.length === 0 ? this.#analytics : null;
  }

  /** Everything to produce. Buffers are views into the batch's slot: good until the batch is released. */
  *outgoing(): Generator<OutgoingRecord> {
    for (const letter of this.#letters) yield this.#letter(letter);
    const parked = this.#parked();
    const reader = new AnalyticsFrameReader(this.#analytics);
    for (let index = 0; index < reader.count; index += 1) {
      if (parked.size === 0 || !parked.has(reader.recordIndex(index))) yield analyticsRecord(reader, index);
    }
  }

  /** What of it is called so (see failureName). */
  named(names: ReadonlyMap<string, unknown>): OutgoingRecord[] {
    return [...this.outgoing()].filter((record) => names.has(failureName(record)));
  }

  /**
   * What has to be produced again because of these failures: the records themselves where the failure passes, dead letters of
   * their source records where it does not. Matched by topic, key and size: a successful twin is produced twice, which upserts.
   */
  afterFailures(failures: ReadonlyMap<string, ProduceFailure>): OutgoingRecord[] {
    const again: OutgoingRecord[] = [];
    const reader = new AnalyticsFrameReader(this.#analytics);
    const parked = this.#parked();
    for (const letter of this.#letters) {
      const record = this.#letter(letter);
      if (failures.has(failureName(record))) again.push(record);
    }
    for (let index = 0; index < reader.count; index += 1) {
      if (parked.has(reader.recordIndex(index))) continue;
      const record = analyticsRecord(reader, index);
      const failure = failures.get(failureName(record));
      if (failure === undefined) continue;
      if (!failure.permanent) {
        again.push(record);
        continue;
      }
      const letter: DeadLetter = {
        index: reader.recordIndex(index),
        code: 'produce_rejected',
        message: `${record.topic} refused the analytics record: ${failure.message}`,
        stage: 'TASK_PUT',
        errorClass: 'ProduceError',
        stack: '',
        attempts: 1,
        firstFailedAt: Date.now(),
      };
      this.#letters.push(letter);
      parked.add(letter.index);
      again.push(this.#letter(letter));
    }
    return again;
  }

  /** Records that are dead letters: nothing else of them is produced. */
  #parked(): Set<number> {
    return new Set(this.#letters.map(({ index }) => index));
  }

  #letter(letter: DeadLetter): OutgoingRecord {
    return deadLetterRecord(this.batch.frame, letter, this.#names, this.batch.worker);
  }
}

export function failureName(failure: {
  topic: string;
  key: Buffer | string | null;
  value?: Buffer | null;
  bytes?: number;
}): string {
  return `${failure.topic}\u0000${failure.key?.toString() ?? ''}\u0000${failure.bytes ?? failure.value?.length ?? 0}`;
}

function analyticsRecord(reader: AnalyticsFrameReader, index: number): OutgoingRecord {
  return {
    topic: analyticsTopic(reader.topicIndex(index)),
    partition: null,
    key: reader.key(index),
    value: reader.value(index),
  };
}
