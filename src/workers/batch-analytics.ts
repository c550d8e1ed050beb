import { AnalyticsFrameWriter } from '../shared/analytics-frame.ts';
import { ENTITY_NAMES, type EntityName, MAIN_FACET } from '../shared/entity.ts';
import { isFaceted } from '../shared/message-type.ts';
import type { Operation } from '../shared/mutation.ts';
import { analyticsKey, analyticsTopic, isTold, writeChange, writeRow } from './analytics-record.ts';
import type { Entry } from './batch-entry.ts';
import type { Row, RowKey } from './stores/store.ts';

/**
 * A batch's analytics records. Analytics replaces whole rows, so a record holds one: a change that is the whole row is encoded as it
 * is, before it is written; of any other the row is read back afterwards (decisions, 0005).
 */
export class BatchAnalytics {
  readonly #frame: AnalyticsFrameWriter;
  readonly #now: () => number;

  constructor(buffer: SharedArrayBuffer, now: () => number) {
    this.#frame = new AnalyticsFrameWriter(buffer);
    this.#now = now;
  }

  get count(): number {
    return this.#frame.count;
  }

  /** Encodes a change that is the whole row. Without a store there is nothing to add to any change. */
  addWhole({ record, mutation, change, keptOut }: Entry, hasStore: boolean): void {
    if (keptOut === true) return;
    if (hasStore && !isWhole(mutation, change.partial)) return;
    if (analyticsTopic(mutation.entity) === null) return;
    this.#begin(record, mutation);
    writeChange(this.#frame.json, mutation, change.operation, this.#now());
    this.#frame.end();
  }

  addRow(record: number, row: Row, operation: Operation, facet = MAIN_FACET, sourceTs?: number): void {
    if (!isTold(row)) return;
    const about = { operation, facet, sourceTs: sourceTs ?? row.sourceTs[facet] ?? 0 };
    this.#begin(record, row);
    writeRow(this.#frame.json, row, about, this.#now());
    this.#frame.end();
  }

  /** Seals the frame and gives the buffer it is in: the one given, or a larger one. */
  finish(): SharedArrayBuffer {
    return this.#frame.finish();
  }

  #begin(record: number, row: RowKey): void {
    this.#frame.begin(record, topicIndex(row.entity), analyticsKey(row));
  }
}

const TOPIC_INDEX = new Map<string, number>(ENTITY_NAMES.map((name, index) => [name, index]));

function topicIndex(entity: EntityName): number {
  return TOPIC_INDEX.get(entity) ?? 0;
}

/** Whether a change holds everything that its row shows. */
export function isWhole(mutation: Entry['mutation'], partial: boolean | undefined): boolean {
  if (partial === true || mutation.facet !== MAIN_FACET || mutation.carry !== undefined) return false;
  // A delete, too: only the stored row tells whether a facet was already newer.
  return !isFaceted(mutation.entity, mutation.tool);
}
