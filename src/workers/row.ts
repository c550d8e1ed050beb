import { plainValue } from './extended-json.ts';
import type { Rule } from './guard.ts';
import { isArray, type Json, type JsonObject, kindOf } from './json-text.ts';
import { RecordRejected } from './rejection.ts';
import type { Scales } from './schema-wrapper.ts';

/** What Debezium writes where PostgreSQL did not send an unchanged out-of-line value, in the form of each column type. */
const UNAVAILABLE_TEXT = '__debezium_unavailable_value';
const UNAVAILABLE_BASE64 = Buffer.from(UNAVAILABLE_TEXT).toString('base64');
const UNAVAILABLE_HEX = Buffer.from(UNAVAILABLE_TEXT).toString('hex');
const UNAVAILABLE_UUID = 'b68a35a7-17ad-35b3-af2a-ae46edb4545a';
const UNAVAILABLE_BYTES = [...Buffer.from(UNAVAILABLE_TEXT)];

export function isUnavailable(value: Json): boolean {
  if (typeof value === 'string') {
    return value === UNAVAILABLE_TEXT || value === UNAVAILABLE_BASE64 || value === UNAVAILABLE_HEX;
  }
  if (!isArray(value)) return false;
  const [first] = value;
  if (value.length === 1) return first === UNAVAILABLE_TEXT || first === UNAVAILABLE_UUID;
  return (
    value.length === UNAVAILABLE_BYTES.length && UNAVAILABLE_BYTES.every((byte, at) => value[at] === byte)
  );
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
  /** Guards that fixed a value of this row. */
  fixes: Rule[] = [];
  readonly fix = (rule: Rule): void => {
    this.fixes.push(rule);
  };

  /** `document`: a MongoDB document, where a field that is missing is null. */
  open(cells: JsonObject, document: boolean, exact: boolean, scales: Scales): void {
    this.#cells = cells;
    this.#document = document;
    this.exact = exact;
    this.scales = scales;
    this.inexact = false;
    if (this.fixes.length > 0) this.fixes = [];
  }

  /** Starts the next canonical column. */
  next(): void {
    this.unavailable = false;
    this.absent = false;
  }

  get isDocument(): boolean {
    return this.#document;
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

  /** Ends the record: a value that is of none of the column's types. */
  wrongType(column: string, expected: string, value: Json): never {
    throw new RecordRejected('invalid_value', `column ${column} is ${kindOf(value)}, expected ${expected}`);
  }
}
