import type { Tool } from '../shared/entity.ts';
import type { SourceRecord } from '../shared/record.ts';
import { positionOf } from './debezium-envelope.ts';
import { plainValue } from './extended-json.ts';
import type { Rule } from './guard-table.ts';
import { isArray, isObject, type Json, type JsonObject, kindOf } from './json-text.ts';
import { RecordRejected } from './rejection.ts';
import type { Scales } from './schema-wrapper.ts';

/** What Debezium writes where PostgreSQL did not send an unchanged out-of-line value, in the form of each column type. */
const UNAVAILABLE_TEXT = '__debezium_unavailable_value';
const UNAVAILABLE_BASE64 = Buffer.from(UNAVAILABLE_TEXT).toString('base64');
const UNAVAILABLE_HEX = Buffer.from(UNAVAILABLE_TEXT).toString('hex');
const UNAVAILABLE_UUID = 'b68a35a7-17ad-35b3-af2a-ae46edb4545a';
const UNAVAILABLE_BYTES = [...Buffer.from(UNAVAILABLE_TEXT)];

/** On the insert half of a key move: the key that the row had. */
export const OLD_KEY = '__debezium.oldkey';

export function isUnavailable(value: Json): boolean {
  if (typeof value === 'string') {
    // Nearly every text of a record is compared here: its length says enough of most.
    switch (value.length) {
      case UNAVAILABLE_TEXT.length:
        return value === UNAVAILABLE_TEXT;
      case UNAVAILABLE_BASE64.length:
        return value === UNAVAILABLE_BASE64;
      case UNAVAILABLE_HEX.length:
        return value === UNAVAILABLE_HEX;
      default:
        return false;
    }
  }
  if (!isArray(value)) return false;
  const [first] = value;
  if (value.length === 1) return first === UNAVAILABLE_TEXT || first === UNAVAILABLE_UUID;
  return (
    value.length === UNAVAILABLE_BYTES.length && UNAVAILABLE_BYTES.every((byte, at) => value[at] === byte)
  );
}

/** The change that a row came with, for what is made of the change itself. */
export interface RowChange {
  readonly op: 'c' | 'u' | 'd' | 'r';
  /** The envelope. */
  readonly value: JsonObject;
  readonly source: JsonObject;
  /** When the source committed it, milliseconds since 1970 UTC. */
  readonly sourceTs: number;
  readonly record: SourceRecord;
}

/** A rule that a value of the row broke. */
export interface BrokenRule {
  readonly messageType: string;
  readonly rule: Rule;
}

export interface UnmappedEvent {
  readonly tool: Tool;
  readonly sourceType: string;
}

/**
 * A source row while its columns are read. One object serves all records of a decoder. `get` answers null for whatever is not there,
 * and the flags say why: converters need not know.
 */
export class Row {
  #cells: JsonObject = {};
  #document = false;
  /** Integers beyond 2^53 are bigints already. */
  exact = false;
  scales: Scales = null;
  /** A needed value was not sent because it has not changed. */
  unavailable = false;
  /** A needed column is not in the row: the table's version is older or newer. */
  absent = false;
  /** A needed integer was rounded: the record has to be read again exactly. */
  inexact = false;
  /** Which of a mapping's occasions is being read (mapping.ts); empty for the row as such. */
  occasion = '';
  /** Guards that a value of this row ran into. */
  fixes: BrokenRule[] = [];
  /** The tool's names of events that nothing is known of. */
  unmappedEvents: UnmappedEvent[] = [];
  #change: RowChange | undefined;
  #messageType = '';
  #parsed: Map<string, Json> | undefined;
  readonly fix = (rule: Rule): void => {
    this.fixes.push({ messageType: this.#messageType, rule });
  };

  /** `document`: a MongoDB document, where a field that is missing is null. */
  open(cells: JsonObject, document: boolean, exact: boolean, scales: Scales, change?: RowChange): void {
    this.#cells = cells;
    this.#document = document;
    this.exact = exact;
    this.scales = scales;
    this.inexact = false;
    this.#change = change;
    this.#parsed = undefined;
    if (this.fixes.length > 0) this.fixes = [];
    if (this.unmappedEvents.length > 0) this.unmappedEvents = [];
  }

  /** Says for which message type the row is read next. */
  readFor(messageType: string): void {
    this.#messageType = messageType;
    this.occasion = '';
    this.next();
  }

  /** Starts the next canonical column. */
  next(): void {
    this.unavailable = false;
    this.absent = false;
  }

  get isDocument(): boolean {
    return this.#document;
  }

  /** The change that the row came with. */
  get change(): RowChange {
    if (this.#change === undefined) throw new Error('the row was opened without its change');
    return this.#change;
  }

  /** The row before the change, where the source sends it (MySQL does, PostgreSQL with REPLICA IDENTITY FULL). */
  get before(): JsonObject | null {
    const { before } = this.change.value;
    return isObject(before) ? before : null;
  }

  /** All of a document, as it was read. */
  get document(): JsonObject {
    return this.#cells;
  }

  /** Whether an insert is the second half of a key move: the row was there before, under another key. */
  get moved(): boolean {
    const { op, record } = this.change;
    return op === 'c' && record.header(OLD_KEY) !== undefined;
  }

  /** Where the change stands in its source, as text: `<file>:<pos>:<row>` for MySQL and MariaDB. */
  get position(): string {
    return positionOf(this.change.source);
  }

  /** Whether the row carries a value for the column, an unchanged one included. */
  has(column: string): boolean {
    const value = this.#cells[column];
    return value !== undefined && value !== null;
  }

  get(column: string): Json {
    const value = this.#cells[column];
    if (value === null) return null;
    if (value === undefined) {
      if (!this.#document) this.absent = true;
      return null;
    }
    if (this.#document) return typeof value === 'object' ? plainValue(value) : value;
    if (typeof value === 'number') {
      if (!this.exact && Number.isInteger(value) && !Number.isSafeInteger(value)) this.inexact = true;
    } else if (isUnavailable(value)) {
      this.unavailable = true;
      return null;
    }
    return value;
  }

  /** What a column's JSON text holds; null, and counted once, for a text that is no JSON. Parsed once per record. */
  json(column: string): Json {
    const text = this.get(column);
    if (text === null) return null;
    if (typeof text !== 'string') return this.wrongType(column, 'JSON in a text', text);
    this.#parsed ??= new Map();
    let value = this.#parsed.get(column);
    if (value === undefined) {
      value = this.#parse(text);
      this.#parsed.set(column, value);
    }
    return value;
  }

  #parse(text: string): Json {
    try {
      return JSON.parse(text);
    } catch {
      this.fix('invalid_json_column');
      return null;
    }
  }

  /** Ends the record: a value that is of none of the column's types. */
  wrongType(column: string, expected: string, value: Json): never {
    throw new RecordRejected('invalid_value', `column ${column} is ${kindOf(value)}, expected ${expected}`);
  }
}
