import type { Tool } from '../shared/entity.ts';
import { createEventTypes, type EventTypeMapping } from '../shared/event-type.ts';
import { type MessageType, mappedTable } from '../shared/message-type.ts';
import type { Change } from '../shared/mutation.ts';
import type { DeadLetter, RejectCode, SkipReason } from '../shared/outcome.ts';
import type { SourceRecord } from '../shared/record.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import {
  isOp,
  isPositionRounded,
  operationOf,
  sourceOf,
  sourceTime,
  versionOf,
} from './debezium-envelope.ts';
import type { SlicedEnvelope } from './envelope-slice.ts';
import { parseDocument } from './extended-json.ts';
import type { Rule } from './guard-table.ts';
import { isObject, kindOf, parseExact, parseJson } from './json-text.ts';
import { BoundTables } from './mapped-table.ts';
import type { BoundMapping } from './mapping.ts';
import { mappings } from './mappings.ts';
import { changeOf, ownedRows, type Reading } from './reading.ts';
import { idOfDocument, idOfRow } from './record-key.ts';
import { RecordRejected } from './rejection.ts';
import { OLD_KEY, Row } from './row.ts';
import { SourceFinder } from './source-finder.ts';
import { type Topic, Topics, tableOf } from './topic.ts';

/** What one record says. `decode` never throws on bad input: that is a `reject`. */
export type Decoded =
  /** At least one; all of them of one version. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** Every row of these message types that is older is gone. */
  | {
      readonly kind: 'truncate';
      readonly types: readonly MessageType[];
      readonly version: string;
      /** Milliseconds since 1970 UTC. */
      readonly sourceTs: number;
    }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  | {
      readonly kind: 'reject';
      readonly code: RejectCode;
      readonly message: string;
      readonly errorClass: string;
      readonly stage: DeadLetter['stage'];
    };

export interface DecoderOptions {
  readonly sources: readonly SourceDefinition[];
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** What the configuration adds to the event types. */
  readonly eventTypes?: readonly EventTypeMapping[];
  /** A guard fixed a value, dropped a row or refused the record. */
  readonly onGuard?: (messageType: string, rule: string) => void;
  /** A table, or kind of document, that nothing is mapped from. The name is a table's, never from a document. */
  readonly onUnmapped?: (name: string) => void;
  /** An event whose name, the tool's own, is not among the event types. */
  readonly onUnmappedEvent?: (tool: Tool, sourceType: string) => void;
}

export interface Decoder {
  decode(record: SourceRecord): Decoded;
  /** The canonical columns that come from a table: those that its truncate clears. */
  columnsOf(type: MessageType): readonly string[];
}

const skip = (reason: SkipReason): Decoded => ({ kind: 'skip', reason });

/** Makes a decoder. It keeps what it learns of topics, so that one serves all records of a worker. */
export function createDecoder(options: DecoderOptions): Decoder {
  return new RecordDecoder(options);
}

class RecordDecoder implements Decoder {
  readonly #options: DecoderOptions;
  readonly #finder: SourceFinder;
  readonly #tables: BoundTables;
  readonly #topics: Topics;
  readonly #row = new Row();
  /** Of the record at hand, as far as it is known. */
  #type: MessageType | undefined;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#finder = new SourceFinder(options.sources);
    this.#topics = new Topics(this.#finder);
    this.#tables = new BoundTables(mappings(createEventTypes(options.eventTypes)));
  }

  decode(record: SourceRecord): Decoded {
    this.#type = undefined;
    try {
      const topic = this.#topics.of(record.topic);
      if (topic.heartbeat) return skip('heartbeat');
      if (record.value === null) return skip('tombstone');
      return this.#decodeText(record, record.value, topic, false);
    } catch (error) {
      return this.#rejected(error);
    }
  }

  columnsOf(type: MessageType): readonly string[] {
    return Object.keys(this.#tables.mapping(type).cleared());
  }

  #decodeText(record: SourceRecord, text: string, topic: Topic, exact: boolean): Decoded {
    const payload = topic.value.payloadText(text, record.valuePrefix);
    const sliced = exact ? undefined : topic.slicer.slice(payload);
    if (sliced !== undefined) return this.#decodeEnvelope(record, text, topic, sliced, false);
    const parsed = exact ? parseExact(payload, 'value') : parseJson(payload, 'value');
    const value = topic.value.unwrap(parsed);
    const op = operationOf(value);
    if (!isOp(op) || op === 'm') return skip(isOp(op) ? 'logical_message' : op);
    // operationOf answers an op for objects only.
    if (!isObject(value)) return skip('tombstone');
    return this.#decodeEnvelope(record, text, topic, { op, value, source: sourceOf(value) }, exact);
  }

  #decodeEnvelope(
    record: SourceRecord,
    text: string,
    topic: Topic,
    { op, value, source }: SlicedEnvelope,
    exact: boolean,
  ): Decoded {
    if (op === 'm') return skip('logical_message');
    const definition = topic.source ?? this.#finder.ofRecord(record, source);
    const table = tableOf(source, topic);
    const known = definition === topic.source && table === topic.table;
    const mapped = known ? topic.mapped : definition && mappedTable(definition.tool, table);
    if (definition === undefined || mapped === undefined) {
      this.#options.onUnmapped?.(definition === undefined ? record.topic : `${definition.tool}.${table}`);
      return skip('unmapped_table');
    }
    if (!exact && isPositionRounded(source)) return this.#decodeText(record, text, topic, true);
    const version = versionOf(source, definition.epoch, op, record);
    const sourceTs = sourceTime(value, source, record);
    const bound = this.#tables.of(mapped);
    if (op === 't') {
      return bound.state.length === 0
        ? skip('history')
        : { kind: 'truncate', types: bound.state, version, sourceTs };
    }
    const { key } = record;
    if (key === null) throw new RecordRejected('missing_key', 'record has no key');
    const reading = { record, topic, table: bound, op, value, source, version, sourceTs, key, exact };
    const decoded = bound.collection
      ? this.#decodeDocument(reading, `${definition.tool}.${table}`)
      : this.#decodeRow(reading);
    return decoded ?? this.#decodeText(record, text, topic, true);
  }

  /** Undefined when the record has to be read again exactly. */
  #decodeRow(reading: Reading): Decoded | undefined {
    const { op, topic, record, value, table } = reading;
    const sourceId = idOfRow(reading.key, table.key, topic.key);
    if (op === 'd') {
      const newKey = record.header('__debezium.newkey');
      return this.#deleted(reading, table.rows, sourceId, newKey && idOfRow(newKey, table.key, topic.key));
    }
    const after = value.after;
    if (!isObject(after)) {
      throw new RecordRejected('not_an_envelope', `after is ${kindOf(after)}, not an object`);
    }
    this.#row.open(after, false, reading.exact, topic.value.scales, reading);
    return this.#read(reading, table.rows, sourceId);
  }

  #decodeDocument(reading: Reading, name: string): Decoded | undefined {
    const { op, topic, value, table } = reading;
    const sourceId = idOfDocument(reading.key, topic.key);
    if (op === 'd') {
      const mapping = table.ofId(sourceId);
      if (mapping === undefined) return this.#unmappedDocument(name);
      return this.#deleted(reading, [mapping], sourceId, undefined);
    }
    // An update shows what a later look-up found: nothing means that the document's delete follows.
    if (op === 'u' && (value.after === null || value.after === undefined)) return skip('gone_at_lookup');
    const document = parseDocument(value.after);
    const mapping = table.ofDocument(document.type);
    // Deletes are told by the id alone: what its delete would not find must not be written.
    if (mapping === undefined || table.ofId(sourceId) !== mapping) return this.#unmappedDocument(name);
    this.#row.open(document, true, true, null, reading);
    return this.#read(reading, [mapping], sourceId);
  }

  /** What an opened row says to each of the entities that it feeds. */
  #read(reading: Reading, table: readonly BoundMapping[], sourceId: string): Decoded | undefined {
    const row = this.#row;
    const changes: Change[] = [];
    for (const mapping of table) {
      this.#type = mapping.type;
      row.readFor(mapping.type.name);
      for (const occasion of mapping.occasions(row)) {
        row.occasion = occasion;
        changes.push(this.#change(reading, mapping, sourceId));
      }
      if (row.inexact) return undefined;
    }
    this.#report();
    return changes.length === 0 ? skip('nothing_happened') : { kind: 'changes', changes };
  }

  #change(reading: Reading, mapping: BoundMapping, sourceId: string): Change {
    const { op, record, topic, table } = reading;
    const row = this.#row;
    const rowId = mapping.idOf(sourceId);
    const id = row.occasion === '' ? rowId : `${rowId}:${row.occasion}`;
    const now = Math.max(this.#options.now(), record.timestamp);
    const { columns, unavailable, partial } = mapping.read(row, now);
    const change = changeOf(reading, mapping.type, id, columns, partial);
    const { owned } = mapping.mapping;
    if (owned !== undefined)
      return { ...change, owned: ownedRows(change.mutation, owned, owned.rows(row, id)) };
    // Of what happened nothing is deleted, so that a move leaves nothing to carry.
    const oldKey =
      op === 'c' && unavailable.length > 0 && !mapping.history ? record.header(OLD_KEY) : undefined;
    if (oldKey === undefined) return change;
    const fromId = mapping.idOf(idOfRow(oldKey, table.key, topic.key));
    return { ...change, mutation: { ...change.mutation, carry: { fromId, columns: unavailable } } };
  }

  #deleted(
    reading: Reading,
    table: readonly BoundMapping[],
    sourceId: string,
    movedTo: string | undefined,
  ): Decoded {
    const changes: Change[] = [];
    for (const mapping of table) {
      if (mapping.history) continue;
      this.#type = mapping.type;
      const change = changeOf(reading, mapping.type, mapping.idOf(sourceId), mapping.cleared());
      const { mutation } = change;
      const { owned } = mapping.mapping;
      if (owned !== undefined) changes.push({ ...change, owned: ownedRows(mutation, owned, []) });
      else if (movedTo === undefined) changes.push(change);
      else changes.push({ ...change, mutation: { ...mutation, movedTo: mapping.idOf(movedTo) } });
    }
    return changes.length === 0 ? skip('history') : { kind: 'changes', changes };
  }

  #unmappedDocument(name: string): Decoded {
    this.#options.onUnmapped?.(`${name}.other`);
    return skip('unmapped_document');
  }

  #report(): void {
    for (const { messageType, rule } of this.#row.fixes) this.#options.onGuard?.(messageType, rule);
    for (const { tool, sourceType } of this.#row.unmappedEvents)
      this.#options.onUnmappedEvent?.(tool, sourceType);
  }

  #rejected(error: unknown): Decoded {
    // A bug must not stop the stream for one record's sake. What it says may quote the record.
    const rejection =
      error instanceof RecordRejected
        ? error
        : new RecordRejected(
            'invalid_value',
            `decoding failed with ${error instanceof Error ? error.name : typeof error}`,
          );
    const { code, message, errorClass, stage } = rejection;
    const rule: Rule | undefined =
      code === 'missing_column' ? 'missing_column' : code === 'invalid_value' ? 'wrong_type' : undefined;
    if (rule !== undefined && this.#type !== undefined) this.#options.onGuard?.(this.#type.name, rule);
    return { kind: 'reject', code, message, errorClass, stage };
  }
}
