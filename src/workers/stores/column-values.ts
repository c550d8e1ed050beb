import { createHash } from 'node:crypto';
import {
  type Columns,
  type ColumnType,
  type ColumnValue,
  columnType,
  ENTITIES,
  type EntityName,
  MAIN_FACET,
} from '../../shared/entity.ts';
import { DestinationError } from '../../shared/errors.ts';
import type { Mutation } from '../../shared/mutation.ts';
import { cutText } from '../cut-text.ts';

/**
 * Every value is checked and brought into one form before any store sees it. The driver would not do it: it writes 3.7 into an int
 * as 3, the decimal "1e3" as 1 and "abc" as 0, all without an error, and it puts a refused value into its error's message.
 */

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;
const TIME_MAX = 8.64e15;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Of all texts of one mutation: up to 6 MiB in UTF-8, which Cassandra takes with commit log segments of 16 MiB (its default is 32). */
const CHARACTERS_MAX = 2_000_000;
/**
 * Of an id in UTF-8: what fits into a key of LMDB. Cassandra has to be kept from it, too: its limit is 65535, but a conditional batch
 * with a longer clustering key is accepted.
 */
export const ID_BYTES_MAX = 1800;
/**
 * Of a text by which rows are found, in UTF-8: the longest that Cassandra's indexes take. A longer one would not be found there, and
 * for a role with ordinary rights the write of its whole row would fail (guardrail `sai_string_term_size`). Nothing real is as long.
 */
export const INDEXED_BYTES_MAX = 8192;
/** Digits that an exponent may add: "1e9999" is nonsense in every column that there is. */
const EXPONENT_MAX = 400;

/** A bigint column's value: a number while it is a safe integer. */
export function compactBigint(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Plain notation with the scale kept, as Cassandra gives it back: "1e3" → "1000", "-0.00" → "0.00", ".5" → "0.5". */
export function plainDecimal(text: string): string | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const left =
    point <= 0
      ? '0'
      : digits
          .slice(0, point)
          .padEnd(point, '0')
          .replace(/^0+(?=\d)/, '');
  const right = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const plain = right === '' ? left : `${left}.${right}`;
  return sign === '-' && /[1-9]/.test(plain) ? `-${plain}` : plain;
}

function whole(value: ColumnValue, min: number, max: number): number | undefined {
  // `+ 0` turns -0, which no integer column can hold, into 0.
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    ? value + 0
    : undefined;
}

function longForm(value: ColumnValue): number | bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : undefined;
  return typeof value === 'bigint' && value >= BIGINT_MIN && value <= BIGINT_MAX
    ? compactBigint(value)
    : undefined;
}

function setForm(value: ColumnValue): readonly string[] | null | undefined {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined;
  // Cassandra knows no empty set: it reads back as null.
  return value.length === 0 ? null : [...new Set<string>(value)].sort();
}

/** The value's stored form, or undefined if the column cannot hold it. */
export function storedForm(type: ColumnType, value: ColumnValue): ColumnValue | null | undefined {
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'int':
      return whole(value, INT_MIN, INT_MAX);
    case 'bigint':
      return longForm(value);
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'decimal':
      return typeof value === 'string' ? plainDecimal(value) : undefined;
    case 'timestamp':
      return whole(value, -TIME_MAX, TIME_MAX);
    case 'set<text>':
      return setForm(value);
  }
}

/** The columns in stored form; throws a permanent DestinationError for a value that its column cannot hold. */
export function storedColumns(entity: EntityName, given: Columns): Columns {
  const indexes: readonly string[] = ENTITIES[entity].indexes;
  const columns: { [column: string]: ColumnValue | null } = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === null) {
      columns[name] = null;
      continue;
    }
    const type = columnType(entity, name);
    const stored = storedForm(type, value);
    if (stored === undefined) {
      throw new DestinationError(
        'permanent',
        `${entity}.${name} takes a ${type} and got another ${typeof value}`,
      );
    }
    columns[name] = typeof stored === 'string' && indexes.includes(name) ? indexedText(stored) : stored;
  }
  return columns;
}

/** The text as a column by which rows are found holds it: cut visibly if it is too long. */
export function indexedText(text: string): string {
  return cutText(text, INDEXED_BYTES_MAX);
}

/** The text where a key has room for it, else a hash of it. */
export function keyText(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  return createHash('sha256').update(text).digest('base64');
}

/** Whether two values in stored form are the same to a reader. */
export function isSameValue(one: ColumnValue | null, other: ColumnValue | null): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other);
  return one.length === other.length && one.every((item, at) => item === other[at]);
}

/** Characters of all texts: what makes a mutation large. */
export function textLength(columns: Columns): number {
  let length = 0;
  for (const value of Object.values(columns)) {
    if (typeof value === 'string') length += value.length;
    else if (Array.isArray(value)) for (const item of value) length += String(item).length;
  }
  return length;
}

/** The mutation with its values in stored form; throws a permanent DestinationError for what no store can hold. */
export function storedMutation(mutation: Mutation): Mutation {
  const facets: readonly string[] = ENTITIES[mutation.entity].facets;
  if (mutation.facet !== MAIN_FACET && !facets.includes(mutation.facet)) {
    throw new DestinationError('permanent', `${mutation.entity} has no facet ${mutation.facet}`);
  }
  const idBytes = Buffer.byteLength(mutation.id);
  if (idBytes > ID_BYTES_MAX) {
    throw new DestinationError(
      'permanent',
      `an id of ${idBytes} bytes is longer than a store takes (${ID_BYTES_MAX})`,
    );
  }
  const length = textLength(mutation.columns);
  if (length > CHARACTERS_MAX) {
    throw new DestinationError(
      'permanent',
      `a change of ${length} characters is more than a row takes (${CHARACTERS_MAX})`,
    );
  }
  return { ...mutation, columns: storedColumns(mutation.entity, mutation.columns) };
}
