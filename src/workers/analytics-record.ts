import {
  type Columns,
  type ColumnType,
  type ColumnValue,
  ENTITIES,
  ENTITY_NAMES,
  type Entity,
  type EntityName,
  MAIN_FACET,
} from '../shared/entity.ts';
import type { Change, Operation } from '../shared/mutation.ts';
import type { Row, RowKey } from './stores/store.ts';
import { isoText } from './timestamps.ts';

/** One analytics record, ready to be produced. */
export interface AnalyticsRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

interface ColumnForm {
  /** `,"name":` */
  readonly label: string;
  readonly isTime: boolean;
}

interface EntityForm {
  readonly topic: string | null;
  readonly columns: ReadonlyMap<string, ColumnForm>;
}

const FORMS: ReadonlyMap<EntityName, EntityForm> = new Map(
  ENTITY_NAMES.map((name) => [name, formOf(ENTITIES[name])]),
);

function formOf(entity: Entity): EntityForm {
  const columns = new Map<string, ColumnForm>();
  for (const [name, type] of Object.entries<ColumnType>(entity.columns)) {
    columns.set(name, { label: `,"${name}":`, isTime: type === 'timestamp' });
  }
  return { topic: entity.analyticsTopic, columns };
}

/**
 * The analytics record of a change whose mutation holds the whole row, or null for an entity that analytics does not keep. Pinot
 * replaces the row by it, so a column that is left out is cleared (docs/decisions/0005-analytics-in-pinot.md).
 */
export function encodeAnalytics(change: Change, processedAt: number): AnalyticsRecord | null {
  const { mutation, operation } = change;
  const { facet, sourceTs } = mutation;
  const form = FORMS.get(mutation.entity);
  if (form === undefined || form.topic === null) return null;
  // Only the main facet's delete ends the row: `deleted` makes Pinot drop it.
  const deleted = mutation.deleted && facet === MAIN_FACET;
  const about = { operation, facet, sourceTs };
  const head = headOf(mutation, deleted, mutation.version, about, processedAt);
  return encoded(form.topic, mutation, `${head}${membersOf(mutation.columns, form)}}`);
}

/** What happened to a row that is told whole. */
export interface RowChange {
  readonly operation: Operation;
  /** The facet that contributed. */
  readonly facet: string;
  /** When the source committed it, ms since 1970 UTC. */
  readonly sourceTs: number;
}

/** Hexadecimal digits of a read time: microseconds since 1970 fit for two thousand years. */
const READ_TIME_DIGITS = 14;

/**
 * The analytics record of a row as the store had it `readAtMicros` µs after 1970: all set columns, or none of a deleted row. Its
 * version is the greatest of the row's facets and then the read time, so that of two records of one state of the facets the later
 * read wins. Null for an entity that analytics does not keep, and for a row of which only facets are known.
 */
export function encodeRow(
  row: Row,
  about: RowChange,
  processedAt: number,
  readAtMicros: number,
): AnalyticsRecord | null {
  const form = FORMS.get(row.entity);
  if (form === undefined || form.topic === null || row.versions[MAIN_FACET] === undefined) return null;
  const version = `${greatestVersion(row)}.${readAtMicros.toString(16).padStart(READ_TIME_DIGITS, '0')}`;
  const members = row.deleted ? '' : membersOf(row.columns, form);
  return encoded(form.topic, row, `${headOf(row, row.deleted, version, about, processedAt)}${members}}`);
}

function greatestVersion({ versions }: Row): string {
  let greatest = '';
  for (const facet in versions) {
    const version = versions[facet] ?? '';
    if (version > greatest) greatest = version;
  }
  return greatest;
}

function encoded(topic: string, row: RowKey, value: string): AnalyticsRecord {
  return { topic, key: `${row.tool}:${row.id}`, value };
}

/** Everything of a record but its columns; the brace is left open. */
function headOf(
  row: RowKey,
  deleted: boolean,
  version: string,
  { operation, facet, sourceTs }: RowChange,
  processedAt: number,
): string {
  return (
    `{"tool":"${row.tool}","id":${quoted(row.id)},"op":"${operation}","source_ts":${sourceTs},` +
    `"processed_at":${processedAt},"version":"${version}","facet":"${facet}","deleted":${deleted}`
  );
}

/** The columns as members of an object. By hand, because JSON.stringify has no form for integers beyond 2^53. */
function membersOf(columns: Columns, form: EntityForm): string {
  let members = '';
  for (const name in columns) {
    const column = columns[name];
    if (column === undefined) continue;
    const { label, isTime } = form.columns.get(name) ?? { label: `,${quoted(name)}:`, isTime: false };
    members += label + (column === null ? 'null' : shown(column, isTime));
  }
  return members;
}

function shown(value: ColumnValue, isTime: boolean): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return isTime ? `"${isoText(value)}"` : String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return value.toString();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON needs escaped
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
