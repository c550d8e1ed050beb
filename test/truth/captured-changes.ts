import { fixtureText, plainDocument, type SourceRow } from './final-state.ts';

/**
 * The changes of the captured main run, read from the captures by own code: for what happened, which the sources forget (retention)
 * and the canonical tables keep.
 */

const ROOT = new URL('../fixtures/', import.meta.url);
const UNCHANGED = '__debezium_unavailable_value';

export interface CapturedChange {
  /** The record's key as it is written. */
  readonly key: string;
  readonly operation: string;
  readonly before: SourceRow | null;
  readonly after: SourceRow | null;
  /** `source` of the envelope. */
  readonly source: SourceRow;
  /** Names of the record's headers. */
  readonly headers: readonly string[];
}

/** Every change of a topic, oldest first; a snapshot read stands in front of a streamed change of the same position. */
export function capturedChanges(connector: string, topic: string): CapturedChange[] {
  const text = fixtureText(new URL(`${connector}/${topic}.jsonl`, ROOT));
  const changes: { change: CapturedChange; place: readonly number[] }[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const record: RawRecord = JSON.parse(line);
    if (record.value === null) continue;
    const envelope: RawEnvelope = JSON.parse(record.value);
    const change = {
      key: record.key ?? '',
      operation: envelope.op,
      before: image(envelope.before),
      after: image(envelope.after),
      source: envelope.source,
      headers: record.headers.map(([name]) => name),
    };
    changes.push({ change, place: placeOf(envelope, record.offset) });
  }
  return changes.sort((a, b) => compare(a.place, b.place)).map(({ change }) => change);
}

/** The last image that every row ever had, deleted ones included, by the record's key. */
export function everSeen(connector: string, topic: string): Map<string, SourceRow> {
  const rows = new Map<string, SourceRow>();
  for (const { key, after } of capturedChanges(connector, topic)) {
    if (after === null) continue;
    const previous = rows.get(key) ?? {};
    const kept = Object.entries(after).map(([name, value]) => [
      name,
      value === UNCHANGED ? previous[name] : value,
    ]);
    rows.set(key, Object.fromEntries(kept));
  }
  return rows;
}

interface RawRecord {
  readonly key: string | null;
  readonly offset: number;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
}

interface RawEnvelope {
  readonly op: string;
  /** A text in MongoDB's records. */
  readonly before?: SourceRow | string | null;
  readonly after?: SourceRow | string | null;
  readonly source: SourceRow;
}

function image(value: SourceRow | string | null | undefined): SourceRow | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? plainDocument(JSON.parse(value)) : value;
}

/** Where the change stands in its source: PostgreSQL's LSN, MariaDB's binlog position, of MongoDB's the record's offset. */
function placeOf({ op, source }: RawEnvelope, offset: number): number[] {
  const streamed = op === 'r' ? 0 : 1;
  if (source.connector === 'mongodb') return [offset];
  if (source.connector === 'postgresql') return [Number(source.lsn), streamed, offset];
  const file = Number(String(source.file).split('.').at(-1));
  return [file, Number(source.pos), Number(source.row), streamed];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const difference = a.findIndex((value, index) => value !== b[index]);
  return difference < 0 ? 0 : (a[difference] ?? 0) - (b[difference] ?? 0);
}
