import { readFileSync } from 'node:fs';

/**
 * The sources' tables at the end of the captured run, as the databases themselves gave them out (test/fixtures/README.md). Nothing
 * here shares code with the pipeline.
 */

const ROOT = new URL('../fixtures/final-state/', import.meta.url);

export type SourceRow = { readonly [column: string]: unknown };

export function finalRows(file: string): SourceRow[] {
  const lines = readFileSync(new URL(`${file}.jsonl`, ROOT), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line): SourceRow => JSON.parse(line));
}

/** MeshCentral's documents of one type, Extended JSON scalars made plain. */
export function finalDocuments(type: string): SourceRow[] {
  return finalRows('meshcentral.meshcentral')
    .filter((document) => document.type === type)
    .map((document) =>
      Object.fromEntries(Object.entries(document).map(([name, value]) => [name, plain(value)])),
    );
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0].startsWith('$number')) return Number(only[1]);
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
}

/** `2026-09-01T10:54:58.813701+00:00` and `2026-09-01 09:43:36` (UTC) as ISO 8601 with milliseconds; "never" has none. */
export function iso(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const [date, time = ''] = text.replace('+00:00', '').split(/[T ]/);
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
