import { AnalyticsFrameReader } from '../shared/analytics-frame.ts';
import { must } from '../shared/assert.ts';
import { ENTITIES, ENTITY_NAMES } from '../shared/entity.ts';
import type { DeadLetter } from '../shared/outcome.ts';
import type { BatchResult } from '../shared/worker-protocol.ts';
import { deadLetterRecord, type NameLookup } from './dead-letter.ts';
import type { Batch } from './dispatch.ts';
import type { OutgoingRecord, ProduceFailure } from './produce.ts';

/** A batch that its worker is done with: what has to be produced before it counts as acknowledged. */
export class CollectedBatch {
  readonly batch: Batch;
  readonly result: BatchResult;
  readonly #analytics: SharedArrayBuffer;
  readonly #names: NameLookup;
  readonly #letters: DeadLetter[];

  constructor(batch: Batch, result: BatchResult, analytics: SharedArrayBuffer, names: NameLookup) {
    this.batch = batch;
    this.result = result;
    this.#analytics = result.overflow ?? analytics;
    this.#names = names;
    this.#letters = [...result.deadLetters];
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

function analyticsTopic(index: number): string {
  const name = must(ENTITY_NAMES[index], 'entity of an analytics record');
  return must(ENTITIES[name].analyticsTopic, `analytics topic of ${name}`);
}
