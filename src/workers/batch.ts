import { AnalyticsFrameWriter } from '../shared/analytics-frame.ts';
import { must } from '../shared/assert.ts';
import { ENTITY_NAMES, type EntityName } from '../shared/entity.ts';
import { DestinationError } from '../shared/errors.ts';
import type { Change, Mutation } from '../shared/mutation.ts';
import type { DeadLetter, RejectCode } from '../shared/outcome.ts';
import type { SourceRecord } from '../shared/record.ts';
import { type FrameText, RecordFrameReader } from '../shared/record-frame.ts';
import type { BatchResult, Slot } from '../shared/worker-protocol.ts';
import { encodeAnalytics } from './analytics-record.ts';
import type { createDecoder } from './decode.ts';
import type { Enricher } from './enrich.ts';
import type { KeyMoves } from './key-move.ts';
import type { Decided, WriteFailure, WriteResult } from './row-work.ts';
import type { Writer } from './write.ts';

/** What a batch passes on its way through a worker. */
export interface BatchStages {
  readonly decoder: ReturnType<typeof createDecoder>;
  readonly enricher: Enricher;
  readonly moves: KeyMoves;
  /** Null where there is no store: every mutation counts as written. */
  readonly writer: Writer | null;
  readonly topicOf: (topicId: number) => string;
  readonly now: () => number;
  /** Takes the counters that grew since it was last asked. */
  readonly takeCounters: () => Record<string, number>;
}

interface Entry {
  readonly record: number;
  readonly change: Change;
  /** The change's mutation, after a key move may have completed it. */
  mutation: Mutation;
}

/** Kafka Connect's name of the stage in which a record failed. */
type ErrorStage = DeadLetter['stage'];

/**
 * One batch: decode, enrich and encode in the order of the records (`prepare`, one batch at a time per worker), then write
 * (`finish`, several batches side by side; the writer keeps the order of each row).
 */
export class BatchRun {
  readonly #stages: BatchStages;
  readonly #reader: RecordFrameReader;
  readonly #slot: Slot;
  readonly #frame: AnalyticsFrameWriter;
  readonly #entries: Entry[] = [];
  readonly #deadLetters = new Map<number, DeadLetter>();
  readonly #outcomes: Record<string, number> = {};
  readonly #seconds = { decode: 0, enrich: 0, encode: 0, write: 0 };
  #undecided = 0;
  #allDecided: () => void = () => undefined;

  constructor(stages: BatchStages, slot: Slot, records: SharedArrayBuffer) {
    this.#stages = stages;
    this.#slot = slot;
    this.#reader = new RecordFrameReader(records);
    this.#frame = new AnalyticsFrameWriter(slot.analytics);
  }

  async prepare(): Promise<void> {
    const started = performance.now();
    for (let index = 0; index < this.#reader.count; index += 1) this.#decode(index);
    const decoded = performance.now();
    await this.#stages.enricher.enrich(this.#entries.map(({ mutation }) => mutation));
    for (let index = 0; index < this.#entries.length; index += 1) {
      const entry = must(this.#entries[index], 'entry');
      const { mutation } = entry;
      const moved = mutation.carry !== undefined || mutation.movedTo !== undefined;
      const ready = !moved || (await this.#move(entry, () => this.#begin(entry)));
      if (ready) this.#submit(entry, index);
    }
    const enriched = performance.now();
    this.#stages.writer?.flush();
    const processedAt = this.#stages.now();
    for (const { record, change, mutation } of this.#entries) {
      const encoded = encodeAnalytics({ mutation, operation: change.operation }, processedAt);
      if (encoded !== null)
        this.#frame.append(record, topicIndex(mutation.entity), encoded.key, encoded.value);
    }
    this.#seconds.decode = (decoded - started) / 1000;
    this.#seconds.enrich = (enriched - decoded) / 1000;
    this.#seconds.encode = (performance.now() - enriched) / 1000;
  }

  /** Waits until the store has decided everything. */
  async finish(): Promise<BatchResult> {
    const started = performance.now();
    if (this.#undecided > 0) {
      await new Promise<void>((resolve) => {
        this.#allDecided = resolve;
      });
    }
    for (const entry of this.#entries) {
      if (entry.mutation.carry === undefined || this.#deadLetters.has(entry.record)) continue;
      await this.#move(entry, () => this.#stages.moves.after(entry.mutation));
    }
    this.#seconds.write = (performance.now() - started) / 1000;
    const analytics = this.#frame.finish();
    return {
      deadLetters: [...this.#deadLetters.values()],
      outcomes: this.#outcomes,
      counters: this.#stages.takeCounters(),
      stages: this.#seconds,
      ...(analytics === this.#slot.analytics ? {} : { overflow: analytics }),
    };
  }

  #decode(index: number): void {
    const key = this.#reader.keyText(index);
    const value = this.#reader.valueText(index);
    if ('invalid' in key || 'invalid' in value) {
      const part = 'invalid' in key ? 'key' : 'value';
      this.#reject(index, 'invalid_utf8', `the ${part} is not UTF-8`, 'DataException', 'VALUE_CONVERTER');
      return;
    }
    const record = new FrameRecord(
      this.#reader,
      index,
      this.#stages.topicOf(this.#reader.topicId(index)),
      key,
      value,
    );
    const decoded = this.#stages.decoder.decode(record);
    switch (decoded.kind) {
      case 'changes':
        for (const change of decoded.changes)
          this.#entries.push({ record: index, change, mutation: change.mutation });
        return;
      case 'skip':
        this.#count(`skipped:${decoded.reason}`);
        return;
      case 'reject':
        this.#reject(index, decoded.code, decoded.message, decoded.errorClass, decoded.stage);
        return;
    }
  }

  readonly #decided: Decided = (index, result) => {
    const entry = this.#entries[index];
    if (entry === undefined) return;
    this.#undecided -= 1;
    this.#settle(entry, result);
    if (this.#undecided === 0) this.#allDecided();
  };

  #submit(entry: Entry, index: number): void {
    const { writer } = this.#stages;
    if (writer === null) {
      this.#settle(entry, 'written');
      return;
    }
    this.#undecided += 1;
    writer.submit(entry.mutation, index, this.#decided);
  }

  async #begin(entry: Entry): Promise<void> {
    entry.mutation = await this.#stages.moves.before(entry.mutation);
  }

  /** A step of a key move; false when the store refuses what the record asks of it, which is the record's end alone. */
  async #move({ record }: Entry, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (!(error instanceof DestinationError) || error.kind !== 'permanent') throw error;
      this.#rejectWrite(record, { exhausted: false, error, attempts: 1, firstFailedAt: this.#stages.now() });
      return false;
    }
  }

  #settle({ record, mutation }: Entry, result: WriteResult): void {
    if (typeof result === 'string') {
      this.#count(result);
      this.#stages.enricher.decided(mutation, result === 'written');
      return;
    }
    this.#rejectWrite(record, result);
  }

  #rejectWrite(record: number, { exhausted, error, attempts, firstFailedAt }: WriteFailure): void {
    this.#count(exhausted ? 'dead_lettered:retries_exhausted' : 'dead_lettered:store_rejected');
    this.#deadLetters.set(record, {
      index: record,
      code: exhausted ? 'retries_exhausted' : 'store_rejected',
      message: error.message,
      stage: 'TASK_PUT',
      errorClass: error.name,
      stack: error.stack ?? '',
      attempts,
      firstFailedAt,
    });
  }

  #reject(index: number, code: RejectCode, message: string, errorClass: string, stage: ErrorStage): void {
    this.#count(`dead_lettered:${code}`);
    const firstFailedAt = this.#stages.now();
    this.#deadLetters.set(index, {
      index,
      code,
      message,
      stage,
      errorClass,
      stack: '',
      attempts: 1,
      firstFailedAt,
    });
  }

  #count(outcome: string): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
  }
}

/** A record of a frame as the decoder sees it. Headers are parsed only when one is asked for. */
class FrameRecord implements SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly #reader: RecordFrameReader;
  readonly #index: number;
  #headers: [string, Buffer | null][] | null = null;

  constructor(reader: RecordFrameReader, index: number, topic: string, key: FrameText, value: FrameText) {
    this.topic = topic;
    this.partition = reader.partition(index);
    this.offset = reader.offset(index);
    this.timestamp = reader.timestamp(index);
    this.key = key.text;
    this.value = value.text;
    this.#reader = reader;
    this.#index = index;
  }

  header(name: string): string | undefined {
    this.#headers ??= this.#reader.headers(this.#index);
    const found = this.#headers.find(([header]) => header === name);
    return found === undefined ? undefined : (found[1]?.toString('utf8') ?? undefined);
  }
}

const TOPIC_INDEX = new Map<string, number>(ENTITY_NAMES.map((name, index) => [name, index]));

function topicIndex(entity: EntityName): number {
  return TOPIC_INDEX.get(entity) ?? 0;
}
