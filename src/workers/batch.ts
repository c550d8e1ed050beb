import { must } from '../shared/assert.ts';
import { DestinationError } from '../shared/errors.ts';
import type { FollowUp, TruncationFollowUp } from '../shared/follow-up.ts';
import type { Change } from '../shared/mutation.ts';
import type { DeadLetter, RejectCode } from '../shared/outcome.ts';
import { RecordFrameReader } from '../shared/record-frame.ts';
import type { BatchResult, Slot } from '../shared/worker-protocol.ts';
import { BatchAnalytics } from './batch-analytics.ts';
import { type Entry, entriesOf } from './batch-entry.ts';
import { settleRows, unlistMoved } from './batch-rows.ts';
import type { BatchStages } from './batch-stages.ts';
import type { Decoded } from './decode.ts';
import { Enrichment } from './enrich.ts';
import { FrameRecord } from './frame-source.ts';
import { RecordOutcomes } from './record-outcomes.ts';
import type { Decided, WriteFailure, WriteResult } from './row-work.ts';

/** Kafka Connect's name of the stage in which a record failed. */
type ErrorStage = DeadLetter['stage'];

/**
 * One batch: decode, enrich and encode in the order of the records (`prepare`, whose reads alone are done before the batch has its
 * turn), then write (`finish`, several batches side by side; the writer keeps the order of each row).
 */
export class BatchRun {
  readonly #stages: BatchStages;
  readonly #reader: RecordFrameReader;
  readonly #slot: Slot;
  readonly #analytics: BatchAnalytics;
  readonly #entries: Entry[] = [];
  readonly #truncates: Omit<TruncationFollowUp, 'again'>[] = [];
  readonly #truncations: TruncationFollowUp[] = [];
  readonly #deadLetters = new Map<number, DeadLetter>();
  readonly #outcomes = new RecordOutcomes();
  readonly #seconds = { decode: 0, enrich: 0, encode: 0, write: 0 };
  #enrichment = new Enrichment();
  #undecided = 0;
  #allDecided: () => void = () => undefined;

  readonly #number: number;

  /** `number`: the worker's batches are counted. */
  constructor(stages: BatchStages, slot: Slot, records: SharedArrayBuffer, number: number) {
    this.#stages = stages;
    this.#number = number;
    this.#slot = slot;
    this.#reader = new RecordFrameReader(records);
    this.#analytics = new BatchAnalytics(slot.analytics, stages.now);
  }

  /** `turn` comes when the batch before is prepared. Batches are decoded in the order of the calls. */
  async prepare(turn: Promise<void> = Promise.resolve()): Promise<void> {
    const { enricher, truncations, writer } = this.#stages;
    const started = performance.now();
    for (let index = 0; index < this.#reader.count; index += 1) this.#decode(index);
    this.#seconds.decode = (performance.now() - started) / 1000;
    if (writer !== null) await enricher.prefetch(this.#entries.map(({ mutation }) => mutation));
    await turn;
    const begun = performance.now();
    await truncations.refresh();
    for (const truncation of this.#truncates)
      this.#truncations.push({ ...truncation, again: await truncations.add(truncation) });
    this.#enrichment = await enricher.enrich(this.#entries.map(({ mutation }) => mutation));
    if (writer !== null) await unlistMoved(this.#enrichment.followUps, this.#stages);
    // Rows that a document no longer has are added at the end while the list is gone through.
    for (let index = 0; index < this.#entries.length; index += 1) {
      const entry = must(this.#entries[index], 'entry');
      if (truncations.over(entry.mutation) !== undefined || entry.owner?.stale === true) {
        entry.keptOut = true;
        this.#settle(entry, 'stale');
      } else if (await this.#begin(entry)) this.#submit(entry, index);
    }
    const enriched = performance.now();
    writer?.flush();
    for (const entry of this.#entries) this.#analytics.addWhole(entry, writer !== null);
    this.#seconds.enrich = (enriched - begun) / 1000;
    this.#seconds.encode = (performance.now() - enriched) / 1000;
  }

  /** Waits until the store has decided everything, and until the batch's own rows are as complete as they can be. */
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
    const followUps = await this.#settleRows();
    this.#seconds.write = (performance.now() - started) / 1000;
    const analytics = this.#analytics.finish();
    return {
      deadLetters: [...this.#deadLetters.values()],
      outcomes: this.#outcomes.counts,
      counters: this.#stages.takeCounters(),
      stages: this.#seconds,
      notices: this.#stages.takeNotices(),
      followUps,
      ...(analytics === this.#slot.analytics ? {} : { overflow: analytics }),
    };
  }

  /** What the written rows need beyond their own columns. Without a store there are no rows. */
  async #settleRows(): Promise<FollowUp[]> {
    if (this.#stages.writer === null) return [];
    const entries = this.#entries.filter(({ record }) => !this.#deadLetters.has(record));
    const further = await settleRows(entries, this.#enrichment, this.#stages, this.#analytics);
    return [...this.#enrichment.followUps, ...further, ...this.#truncations];
  }

  #decode(index: number): void {
    const key = this.#reader.keyText(index);
    const prefix = this.#reader.valuePrefixText(index);
    const value = this.#reader.valueText(index);
    if ('invalid' in key || 'invalid' in prefix || 'invalid' in value) {
      const part = 'invalid' in key ? 'key' : 'value';
      this.#reject(index, 'invalid_utf8', `the ${part} is not UTF-8`, 'DataException', 'VALUE_CONVERTER');
      return;
    }
    const topic = this.#stages.topicOf(this.#reader.topicId(index));
    this.#take(
      index,
      this.#stages.decoder.decode(new FrameRecord(this.#reader, index, topic, { key, prefix, value })),
    );
  }

  #take(index: number, decoded: Decoded): void {
    switch (decoded.kind) {
      case 'changes': {
        if (this.#isAcknowledged(index, decoded.changes)) {
          this.#outcomes.count('duplicate:acknowledged');
          return;
        }
        const entries = entriesOf(index, decoded.changes);
        this.#outcomes.expect(index, entries.length);
        this.#entries.push(...entries);
        return;
      }
      case 'truncate':
        for (const type of decoded.types) {
          const { entity, tool, facet } = type;
          const { version, sourceTs } = decoded;
          const columns = this.#stages.decoder.columnsOf(type);
          this.#truncates.push({ kind: 'truncation', entity, tool, facet, version, sourceTs, columns });
        }
        this.#outcomes.count('written');
        return;
      case 'skip':
        this.#outcomes.count(`skipped:${decoded.reason}`);
        return;
      case 'reject':
        this.#reject(index, decoded.code, decoded.message, decoded.errorClass, decoded.stage);
        return;
    }
  }

  /** Whether a record's changes, all of one version, were handled before. */
  #isAcknowledged(index: number, changes: readonly Change[]): boolean {
    const { acknowledged, topicOf } = this.#stages;
    const [topic, partition] = [topicOf(this.#reader.topicId(index)), this.#reader.partition(index)];
    const version = changes[0]?.mutation.version ?? '';
    if (!acknowledged.mayRepeat(topic, partition, version)) return false;
    return changes.every(({ mutation }) => acknowledged.has(mutation));
  }

  /** What an entry needs before it is written; false when the store refuses it. */
  async #begin(entry: Entry): Promise<boolean> {
    const { mutation, change } = entry;
    if (change.owned !== undefined && this.#stages.writer !== null) await this.#addGone(entry);
    if (mutation.carry === undefined && mutation.movedTo === undefined) return true;
    return await this.#move(entry, async () => {
      entry.mutation = await this.#stages.moves.before(entry.mutation);
    });
  }

  /** Adds deletes of the rows that an earlier document had and this one has not. */
  async #addGone(entry: Entry): Promise<void> {
    const { change, mutation, record } = entry;
    const { owned, writer } = this.#stages;
    await writer?.drained();
    entry.stale = await owned.isStale(mutation);
    if (entry.stale || change.owned === undefined) return;
    const gone = await owned.missing(mutation, change.owned);
    for (const one of gone)
      this.#entries.push({
        record,
        change: { mutation: one, operation: 'delete' },
        mutation: one,
        extra: true,
      });
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

  /** A step of a key move; false when the store refuses what the record asks of it, which is the record's end alone. */
  async #move(entry: Entry, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (!(error instanceof DestinationError) || error.kind !== 'permanent') throw error;
      this.#rejectWrite(entry, { exhausted: false, error, attempts: 1, firstFailedAt: this.#stages.now() });
      return false;
    }
  }

  #settle(entry: Entry, result: WriteResult): void {
    if (typeof result !== 'string') {
      this.#rejectWrite(entry, result);
      return;
    }
    entry.outcome = result;
    if (entry.extra !== true) this.#outcomes.ended(entry.record, result);
    this.#stages.enricher.decided(entry.change.mutation, result !== 'stale', this.#enrichment);
    if (result !== 'stale') this.#stages.acknowledged.handled(entry.change.mutation, this.#number);
  }

  #rejectWrite({ record, change }: Entry, { exhausted, error, attempts, firstFailedAt }: WriteFailure): void {
    this.#outcomes.ended(
      record,
      exhausted ? 'dead_lettered:retries_exhausted' : 'dead_lettered:store_rejected',
    );
    this.#stages.enricher.decided(change.mutation, false, this.#enrichment);
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
    this.#outcomes.count(`dead_lettered:${code}`);
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
}
