import type { Columns } from '../shared/entity.ts';
import { type MappedTable, type MessageType, mappedTable, messageTypes } from '../shared/message-type.ts';
import type { Change, Mutation, Operation } from '../shared/mutation.ts';
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
import { latestTime, type Rule } from './guard.ts';
import { isObject, type JsonObject, kindOf, parseExact, parseJson } from './json-text.ts';
import { BoundMapping, type Mapping } from './mapping.ts';
import { idOfDocument, idOfRow } from './record-key.ts';
import { RecordRejected } from './rejection.ts';
import { Row } from './row.ts';
import { SourceFinder } from './source-finder.ts';
import { authentik } from './sources/authentik.ts';
import { fleetMdm } from './sources/fleet-mdm.ts';
import { meshcentral } from './sources/meshcentral.ts';
import { tacticalRmm } from './sources/tactical-rmm.ts';
import { type Topic, Topics, tableOf } from './topic.ts';

/** What one record says. `decode` never throws on bad input: that is a `reject`. */
export type Decoded =
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly messageType: MessageType }
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
  /** A guard fixed a value, or refused the record. */
  readonly onGuard?: (messageType: string, rule: string) => void;
  /** A table, or kind of document, that nothing is mapped from. The name is a table's, never from a document. */
  readonly onUnmapped?: (name: string) => void;
}

export interface Decoder {
  decode(record: SourceRecord): Decoded;
}

const MAPPINGS: Readonly<Record<string, Mapping>> = {
  ...tacticalRmm,
  ...fleetMdm,
  ...meshcentral,
  ...authentik,
};
const OPERATIONS: Readonly<Record<'c' | 'u' | 'd' | 'r', Operation>> = {
  c: 'create',
  u: 'update',
  d: 'delete',
  r: 'snapshot',
};
const NEW_KEY = '__debezium.newkey';
const OLD_KEY = '__debezium.oldkey';

const skip = (reason: SkipReason): Decoded => ({ kind: 'skip', reason });

/** A record on its way through the decoder. */
interface Reading {
  readonly record: SourceRecord;
  readonly topic: Topic;
  readonly epoch: number;
  readonly op: 'c' | 'u' | 'd' | 'r';
  readonly value: JsonObject;
  readonly source: JsonObject;
  readonly key: string;
  /** The text was read by `parseExact`. */
  readonly exact: boolean;
}

/** Makes a decoder. It keeps what it learns of topics, so that one serves all records of a worker. */
export function createDecoder(options: DecoderOptions): Decoder {
  return new RecordDecoder(options);
}

class RecordDecoder implements Decoder {
  readonly #options: DecoderOptions;
  readonly #finder: SourceFinder;
  readonly #mappings = new Map<string, BoundMapping>();
  readonly #topics: Topics;
  readonly #row = new Row();
  /** Of the record at hand, as far as it is known. */
  #type: MessageType | undefined;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#finder = new SourceFinder(options.sources);
    this.#topics = new Topics(this.#finder);
    for (const type of messageTypes) {
      const mapping = MAPPINGS[type.name];
      if (mapping === undefined)
        throw new Error(`message type ${type.name} has no mapping in workers/sources`);
      this.#mappings.set(type.name, new BoundMapping(type, mapping));
    }
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

  #decodeText(record: SourceRecord, text: string, topic: Topic, exact: boolean): Decoded {
    const payload = topic.value.payloadText(text);
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
    if (op === 't')
      throw new RecordRejected('unsupported_truncate', `truncates of ${table} are not applied yet`);
    if (record.key === null) throw new RecordRejected('missing_key', 'record has no key');
    if (!exact && isPositionRounded(source)) return this.#decodeText(record, text, topic, true);
    const reading = { record, topic, epoch: definition.epoch, op, value, source, key: record.key, exact };
    const decoded =
      mapped.whole === undefined
        ? this.#decodeDocument(reading, mapped, `${definition.tool}.${table}`)
        : this.#decodeRow(reading, mapped.whole);
    return decoded ?? this.#decodeText(record, text, topic, true);
  }

  /** Undefined when the record has to be read again exactly. */
  #decodeRow(reading: Reading, type: MessageType): Decoded | undefined {
    this.#type = type;
    const { op, topic, record, value } = reading;
    const bound = this.#bound(type);
    const id = idOfRow(reading.key, bound.mapping.key, topic.key);
    if (op === 'd') {
      const newKey = record.header(NEW_KEY);
      const mutation = this.#mutation(reading, type, id, bound.cleared());
      if (newKey === undefined) return changed(type, op, mutation);
      return changed(type, op, { ...mutation, movedTo: idOfRow(newKey, bound.mapping.key, topic.key) });
    }
    const after = value.after;
    if (!isObject(after)) {
      throw new RecordRejected('not_an_envelope', `after is ${kindOf(after)}, not an object`);
    }
    this.#row.open(after, false, reading.exact, topic.value.scales);
    const { columns, unavailable } = bound.read(this.#row, latestTime(this.#options.now(), record.timestamp));
    if (this.#row.inexact) return undefined;
    this.#reportFixes(type);
    const mutation = this.#mutation(reading, type, id, columns);
    const oldKey = op === 'c' && unavailable.length > 0 ? record.header(OLD_KEY) : undefined;
    if (oldKey === undefined) return changed(type, op, mutation);
    const fromId = idOfRow(oldKey, bound.mapping.key, topic.key);
    return changed(type, op, { ...mutation, carry: { fromId, columns: unavailable } });
  }

  #decodeDocument(reading: Reading, mapped: MappedTable, name: string): Decoded {
    const { op, topic, record, value } = reading;
    const id = idOfDocument(reading.key, topic.key);
    if (op === 'd') {
      const type = this.#typeOfId(id, mapped);
      if (type === undefined) return this.#unmappedDocument(name);
      const bound = this.#bound(type);
      return changed(
        type,
        op,
        this.#mutation(reading, type, id.slice(bound.mapping.idDrop), bound.cleared()),
      );
    }
    // An update shows what a later look-up found: nothing means that the document's delete follows.
    if (op === 'u' && (value.after === null || value.after === undefined)) return skip('gone_at_lookup');
    const document = parseDocument(value.after);
    const type = typeof document.type === 'string' ? mapped.byDocument.get(document.type) : undefined;
    // Deletes are told by the id alone: what its delete would not find must not be written.
    if (type === undefined || this.#typeOfId(id, mapped) !== type) return this.#unmappedDocument(name);
    this.#type = type;
    const bound = this.#bound(type);
    this.#row.open(document, true, true, null);
    const { columns } = bound.read(this.#row, latestTime(this.#options.now(), record.timestamp));
    this.#reportFixes(type);
    return changed(type, op, this.#mutation(reading, type, id.slice(bound.mapping.idDrop), columns));
  }

  #mutation(reading: Reading, type: MessageType, id: string, columns: Columns): Mutation {
    const { source, record, op } = reading;
    return {
      entity: type.entity,
      tool: type.tool,
      id,
      facet: type.facet,
      version: versionOf(source, reading.epoch, op, record),
      sourceTs: sourceTime(reading.value, source, record),
      deleted: op === 'd',
      columns,
    };
  }

  #typeOfId(id: string, mapped: MappedTable): MessageType | undefined {
    for (const type of mapped.byDocument.values()) {
      const prefix = this.#bound(type).mapping.idPrefix;
      if (prefix !== undefined && id.startsWith(prefix)) return type;
    }
    return undefined;
  }

  #unmappedDocument(name: string): Decoded {
    this.#options.onUnmapped?.(`${name}.other`);
    return skip('unmapped_document');
  }

  #bound(type: MessageType): BoundMapping {
    const bound = this.#mappings.get(type.name);
    if (bound === undefined) throw new Error(`message type ${type.name} is not bound`);
    return bound;
  }

  #reportFixes(type: MessageType): void {
    for (const rule of this.#row.fixes) this.#options.onGuard?.(type.name, rule);
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

function changed(messageType: MessageType, op: keyof typeof OPERATIONS, mutation: Mutation): Decoded {
  return { kind: 'changes', changes: [{ mutation, operation: OPERATIONS[op] }], messageType };
}
