import { parse } from 'lossless-json';
import { must } from '../../src/shared/assert.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';

export type UpsertedRow = { readonly [name: string]: unknown };

/**
 * The rows that an upsert table of Pinot shows of its topic: of the records of one key the one with the greatest version as text, of
 * equal ones the later; a row whose record says `deleted` is gone. Numbers are kept digit by digit. Null is the same as absent.
 */
export function upserted(records: readonly CapturedRecord[]): Map<string, UpsertedRow> {
  const partitions = new Map<string, number>();
  const newest = new Map<string, UpsertedRow>();
  for (const record of records) {
    const key = must(record.key, 'key');
    const row = parse(must(record.value, 'value')) as UpsertedRow; // analytics records are objects
    if (key !== `${row.tool}:${row.id}`) throw new Error(`the record of another row has the key ${key}`);
    // Pinot compares records of one key within a partition only.
    if ((partitions.get(key) ?? record.partition) !== record.partition) {
      throw new Error(`records of ${key} are in two partitions`);
    }
    partitions.set(key, record.partition);
    const before = newest.get(key);
    if (before === undefined || String(row.version) >= String(before.version)) newest.set(key, row);
  }
  const there = [...newest].filter(([, row]) => row.deleted !== true);
  return new Map(there.map(([key, row]) => [key, withoutNulls(row)]));
}

function withoutNulls(row: UpsertedRow): UpsertedRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
