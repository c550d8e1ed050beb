import type { CassandraSettings } from '../src/shared/settings.ts';
import { createClient } from '../src/workers/stores/cassandra-client.ts';
import { CassandraStore } from '../src/workers/stores/cassandra-store.ts';

/** The rows that ways to write end with, for a comparison of them. */

/** On loaded cores a truncate, or a page of a whole table, takes longer than a write may. */
const PATIENT_MS = 60_000;

export async function truncateTables(settings: CassandraSettings, tables: readonly string[]): Promise<void> {
  const client = createClient({ ...settings, requestTimeoutMs: PATIENT_MS });
  for (const table of tables)
    await client.execute(`TRUNCATE ${settings.keyspace}.${table}`, [], { prepare: false });
  await client.shutdown();
}

/** Every device as one line of text. */
export async function finalRows(settings: CassandraSettings): Promise<string[]> {
  const store = new CassandraStore(settings, createClient({ ...settings, requestTimeoutMs: PATIENT_MS }));
  const rows: string[] = [];
  for await (const row of store.scan('device')) {
    const columns = Object.entries(row.columns).sort(([one], [other]) => (one < other ? -1 : 1));
    rows.push(JSON.stringify([row.id, row.deleted, row.versions, row.sourceTs, columns], bigintText));
  }
  await store.close();
  return rows.sort();
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** Rows that only one of the two has; none while one of them has not been written yet. */
export function differing(mine: readonly string[] | undefined, other: readonly string[] | undefined): number {
  if (mine === undefined || other === undefined) return 0;
  const theirs = new Set(other);
  return mine.filter((row) => !theirs.has(row)).length + Math.abs(mine.length - other.length);
}
