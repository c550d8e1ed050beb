import { readFileSync } from 'node:fs';

/**
 * The sources' tables at the end of the captured run, as the databases themselves gave them out (test/fixtures/README.md). Nothing
 * here shares code with the pipeline.
 */

const ROOT = new URL('../fixtures/final-state/', import.meta.url);

export type SourceRow = { readonly [column: string]: unknown };

const read = new Map<string, SourceRow[]>();
let rewrite = (text: string): string => text;

/** Reads all files as if these words stood in them: for a run that was fed so. Nothing may have been expected before. */
export function readAs(change: (text: string) => string): void {
  rewrite = change;
  read.clear();
}

/** Text of a file of the fixtures. */
export function fixtureText(url: URL): string {
  return rewrite(readFileSync(url, 'utf8'));
}

export function finalRows(file: string): SourceRow[] {
  const known = read.get(file);
  if (known !== undefined) return known;
  const lines = fixtureText(new URL(`${file}.jsonl`, ROOT)).split('\n');
  const rows = lines.filter((line) => line !== '').map((line): SourceRow => JSON.parse(line));
  read.set(file, rows);
  return rows;
}

export const tactical = (table: string): SourceRow[] => finalRows(`tactical-postgres-cdc/public.${table}`);
export const authentik = (table: string): SourceRow[] => finalRows(`authentik-postgres-cdc/public.${table}`);
export const fleet = (table: string): SourceRow[] => finalRows(`fleetmdm-mysql-cdc/fleet.${table}`);

/** Keys of rows that a table lost without an event: whoever follows the stream still has them. */
export function lostKeys(table: string): readonly SourceRow[] {
  const gaps: Readonly<Record<string, { readonly keys?: readonly SourceRow[] }>> = JSON.parse(
    readFileSync(new URL('known-gaps.json', ROOT), 'utf8'),
  );
  return gaps[table]?.keys ?? [];
}

/** MeshCentral's documents of one type, Extended JSON scalars made plain. */
export function finalDocuments(type: string): SourceRow[] {
  return finalRows('meshcentral.meshcentral')
    .filter((document) => document.type === type)
    .map(plainDocument);
}

export function plainDocument(document: SourceRow): SourceRow {
  return Object.fromEntries(Object.entries(document).map(([name, value]) => [name, plain(value)]));
}

/** `{"$numberInt": "5"}` as 5, `{"$date": …}` as milliseconds since 1970. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0].startsWith('$number')) return Number(only[1]);
  if (entries.length === 1 && only?.[0] === '$date') return plain(only[1]);
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
}

export function byKey(rows: readonly SourceRow[], key: string): Map<unknown, SourceRow> {
  return new Map(rows.map((row) => [row[key], row]));
}

/** MySQL's tinyint(1). */
export function yesNo(value: unknown): unknown {
  return typeof value === 'number' ? value === 1 : value;
}

/** `2026-09-01T10:54:58.813701+00:00` and `2026-09-01 09:43:36` (UTC) as ISO 8601 with milliseconds; "never" has none. */
export function iso(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const [date, time = ''] = text.replace(/\+00:00|Z$/, '').split(/[T ]/);
  if (date === '0001-01-01' || text === '2000-01-01 00:00:00') return undefined;
  const [seconds, fraction = ''] = time.split('.');
  return `${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

/** Seconds since 1970, read as the decimal text that they print as. */
export function isoOfSeconds(value: unknown): string | undefined {
  if (typeof value !== 'number') return undefined;
  const [seconds, fraction = ''] = String(value).split('.');
  return new Date(Number(`${seconds}${fraction.padEnd(3, '0').slice(0, 3)}`)).toISOString();
}

export function isoOfMillis(value: unknown): string | undefined {
  return typeof value === 'number' ? new Date(Math.floor(value)).toISOString() : undefined;
}

/** A number or text as text. */
export function asText(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

/** Texts as a set is printed: sorted, each once; an empty one is unset. */
export function asSet(values: readonly unknown[]): string[] | undefined {
  return values.length === 0 ? undefined : [...new Set(values.map(String))].sort();
}
