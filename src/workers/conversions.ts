import type { ColumnValue } from '../shared/entity.ts';
import { isArray, type Json } from './json-text.ts';
import type { Row } from './row.ts';
import { timeOfCount, timeOfSeconds, timeOfText } from './timestamps.ts';

/**
 * Converters: what a canonical column takes from a source row. A mapping names one for each column. They answer null for "no value";
 * what is unchanged or not in the row is told by the row itself (row.ts).
 */
export type Convert = (row: Row) => ColumnValue | null;

export const text =
  (column: string): Convert =>
  (row) =>
    textIn(row, column);

/** The first of several columns that holds some text; an empty one counts only when no other does. */
export const firstText = (...columns: string[]): Convert => firstOf(columns, textIn, '');

/** A key, or a reference to one: integers and uuids alike as text. */
export const id =
  (column: string): Convert =>
  (row) => {
    const value = row.get(column);
    if (value === null || typeof value === 'string') return value;
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)))
      return String(value);
    return row.wrongType(column, 'an integer or text', value);
  };

/** MySQL has no boolean: tinyint(1) is a number, where 0 is false. */
export const boolean =
  (column: string): Convert =>
  (row) =>
    booleanIn(row, column);

export const bigint =
  (column: string): Convert =>
  (row) => {
    const value = row.get(column);
    if (value === null) return null;
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
    // One that was rounded will be read again: then it is a bigint.
    if (typeof value === 'number' && (row.inexact || Number.isSafeInteger(value))) return value;
    return row.wrongType(column, 'a 64-bit integer', value);
  };

/** A whole number, as a bigint when it is beyond 2^53. */
export function integer(value: number): number | bigint {
  return Number.isSafeInteger(value) ? value : BigInt(value);
}

/** A time in any of Debezium's forms but seconds. */
export const timestamp =
  (column: string): Convert =>
  (row) =>
    timeIn(row, column);

export const firstTimestamp = (...columns: string[]): Convert => firstOf(columns, timeIn, undefined);

/** A time that the tool itself keeps as a number of seconds. */
export const seconds =
  (column: string): Convert =>
  (row) => {
    const value = row.get(column);
    if (value === null) return null;
    return typeof value === 'number'
      ? timeOfSeconds(value)
      : row.wrongType(column, 'a number of seconds', value);
  };

/** `scale` is the column's, for where no schema tells it. */
export const decimal =
  (column: string, scale: number): Convert =>
  (row) => {
    const value = row.get(column);
    if (value === null) return null;
    if (typeof value === 'number') return value.toFixed(scale);
    if (typeof value !== 'string') return row.wrongType(column, 'a decimal', value);
    if (value === 'NAN') return null;
    const said = row.scales?.get(column);
    if (said === undefined && /^-?\d+\.\d+$/.test(value)) return value;
    return unscaled(value, said ?? scale) ?? row.wrongType(column, 'a decimal', value);
  };

const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

/** Connect's Decimal: base64 of the unscaled value, big-endian two's complement. */
function unscaled(base64: string, scale: number): string | undefined {
  if (!BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  const sign = value < 0n ? '-' : '';
  const shown = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  if (scale === 0) return sign + shown;
  return `${sign}${shown.slice(0, -scale)}.${shown.slice(-scale)}`;
}

/** An array of text as a set: sorted, without duplicates; an empty one is no value, as in Cassandra. */
export const textSet =
  (column: string): Convert =>
  (row) => {
    const value = row.get(column);
    if (value === null) return null;
    const items: Json = typeof value === 'string' ? [value] : value;
    if (!isArray(items)) return row.wrongType(column, 'an array of text', value);
    const set = new Set<string>();
    for (const item of items) {
      if (typeof item === 'string') set.add(item);
      else if (item !== null) row.wrongType(column, 'an array of text', item);
    }
    return set.size === 0 ? null : [...set].sort();
  };

/** A number that the source keeps as text; null for a text that is none. */
export const numberOfText =
  (column: string): Convert =>
  (row) => {
    const value = textIn(row, column);
    return value !== null && DECIMAL_NUMBER.test(value) ? Number(value) : null;
  };
const DECIMAL_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?$/i;

export const constant =
  (value: string): Convert =>
  () =>
    value;

/** When the source committed the change: the time of what a change of a row says, and not the row. */
export const changeTime: Convert = (row) => row.change.sourceTs;

/** Text of a column; documents have no column types, so that a number may stand where text is meant. */
export function textIn(row: Row, column: string): string | null {
  const value = row.get(column);
  if (typeof value === 'string' || value === null) return value;
  if (row.isDocument && (typeof value === 'number' || typeof value === 'bigint')) return String(value);
  return row.wrongType(column, 'text', value);
}

export function booleanIn(row: Row, column: string): boolean | null {
  const value = row.get(column);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value !== 0;
  return row.wrongType(column, 'a boolean', value);
}

export function numberIn(row: Row, column: string): number | null {
  const value = row.get(column);
  if (typeof value === 'number' || value === null) return value;
  return row.wrongType(column, 'a number', value);
}

function timeIn(row: Row, column: string): number | null {
  const value = row.get(column);
  if (value === null) return null;
  // Nanoseconds are beyond 2^53: as a number they were rounded, and the record will be read again.
  if (typeof value === 'number' || typeof value === 'bigint') return timeOfCount(value);
  const time = typeof value === 'string' ? timeOfText(value) : undefined;
  return time ?? row.wrongType(column, 'a time', value);
}

function firstOf<T extends ColumnValue>(
  columns: readonly string[],
  read: (row: Row, column: string) => T | null,
  empty: T | undefined,
): Convert {
  return (row) => {
    let kept: T | null = null;
    let present = false;
    for (const column of columns) {
      row.absent = false;
      const value = read(row, column);
      if (row.unavailable) return null;
      if (!row.absent) present = true;
      if (value !== null && value !== empty) {
        row.absent = false;
        return value;
      }
      if (kept === null) kept = value;
    }
    row.absent = !present;
    return kept;
  };
}
