import {
  type Columns,
  type ColumnType,
  type ColumnValue,
  ENTITIES,
  ENTITY_NAMES,
  type Entity,
  type EntityName,
  MAIN_FACET,
  TOOLS,
} from '../shared/entity.ts';
import { JsonBytes, type ReadyBytes, readyBytes } from '../shared/json-bytes.ts';
import { type Change, type Mutation, OPERATIONS, type Operation } from '../shared/mutation.ts';
import { table } from '../shared/table.ts';
import { rowVersion } from './row-version.ts';
import type { Row, RowKey } from './stores/store.ts';

/** One analytics record, ready to be produced. */
export interface AnalyticsRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

interface ColumnForm {
  readonly name: string;
  /** `,"name":` */
  readonly label: ReadyBytes;
  readonly isTime: boolean;
}

interface EntityForm {
  readonly topic: string | null;
  readonly columns: ReadonlyMap<string, ColumnForm>;
  /** Those of the last record, in its order: the next one's are mostly the same, and need no look-up then. */
  readonly last: ColumnForm[];
}

const FORMS = table(ENTITY_NAMES, (name) => formOf(ENTITIES[name]));

function formOf(entity: Entity): EntityForm {
  const columns = new Map<string, ColumnForm>();
  for (const [name, type] of Object.entries<ColumnType>(entity.columns)) {
    columns.set(name, columnForm(name, type === 'timestamp'));
  }
  return { topic: entity.analyticsTopic, columns, last: [] };
}

function columnForm(name: string, isTime: boolean): ColumnForm {
  return { name, label: readyBytes(`,${JSON.stringify(name)}:`), isTime };
}

/** The topic of an entity; null for one that analytics does not keep. */
export function analyticsTopic(entity: EntityName): string | null {
  return FORMS[entity].topic;
}

/** The key of a row's records. */
export function analyticsKey({ tool, id }: RowKey): string {
  return `${tool}:${id}`;
}

/** Whether analytics is told of a stored row: not of one of which only facets are known. */
export function isTold(row: Row): boolean {
  return analyticsTopic(row.entity) !== null && row.versions[MAIN_FACET] !== undefined;
}

/** What happened to a row that is told whole. */
export interface RowChange {
  readonly operation: Operation;
  /** The facet that contributed. */
  readonly facet: string;
  /** When the source committed it, ms since 1970 UTC. */
  readonly sourceTs: number;
}

/**
 * Writes the value of the analytics record of a change whose mutation holds the whole row. Pinot replaces the row by it, so a column
 * that is left out is cleared (docs/decisions/0005-analytics-in-pinot.md).
 */
export function writeChange(
  json: JsonBytes,
  mutation: Mutation,
  operation: Operation,
  processedAt: number,
): void {
  // Only the main facet's delete ends the row: `deleted` makes Pinot drop it.
  const deleted = mutation.deleted && mutation.facet === MAIN_FACET;
  const { facet, sourceTs, version } = mutation;
  writeHead(json, mutation, deleted, version, { operation, facet, sourceTs }, processedAt);
  writeMembers(json, mutation.columns, mutation.entity);
  json.text('}');
}

/**
 * Writes the value of the analytics record of a stored row: all set columns, or none of a deleted row; the version says which state of
 * the row it is (row-version.ts).
 */
export function writeRow(json: JsonBytes, row: Row, about: RowChange, processedAt: number): void {
  writeHead(json, row, row.deleted, rowVersion(row), about, processedAt);
  if (!row.deleted) writeMembers(json, row.columns, row.entity);
  json.text('}');
}

/** The analytics record of a change as text, or null for an entity that analytics does not keep. */
export function encodeAnalytics(
  { mutation, operation }: Change,
  processedAt: number,
): AnalyticsRecord | null {
  const topic = analyticsTopic(mutation.entity);
  if (topic === null) return null;
  return asText(topic, mutation, (json) => writeChange(json, mutation, operation, processedAt));
}

/** The analytics record of a stored row as text, or null for one that analytics is not told of. */
export function encodeRow(row: Row, about: RowChange, processedAt: number): AnalyticsRecord | null {
  const topic = analyticsTopic(row.entity);
  if (topic === null || !isTold(row)) return null;
  return asText(topic, row, (json) => writeRow(json, row, about, processedAt));
}

function asText(topic: string, row: RowKey, write: (json: JsonBytes) => void): AnalyticsRecord {
  const json = new JsonBytes(new SharedArrayBuffer(TEXT_BYTES));
  write(json);
  return { topic, key: analyticsKey(row), value: json.textFrom(0) };
}
const TEXT_BYTES = 4096;

const BEGINNINGS = table(TOOLS, (tool) => readyBytes(`{"tool":"${tool}","id":`));
const OPERATION_PIECES = table(OPERATIONS, (operation) => readyBytes(`,"op":"${operation}","source_ts":`));
const PROCESSED_AT = readyBytes(',"processed_at":');
const VERSION = readyBytes(',"version":"');
const FACET = readyBytes('","facet":"');
const DELETED = readyBytes('","deleted":true');
const NOT_DELETED = readyBytes('","deleted":false');

/** Everything of a record but its columns; the brace is left open. */
function writeHead(
  json: JsonBytes,
  row: RowKey,
  deleted: boolean,
  version: string,
  { operation, facet, sourceTs }: RowChange,
  processedAt: number,
): void {
  json.ready(BEGINNINGS[row.tool]);
  json.quoted(row.id);
  json.ready(OPERATION_PIECES[operation]);
  json.number(sourceTs);
  json.ready(PROCESSED_AT);
  json.number(processedAt);
  json.ready(VERSION);
  json.text(version);
  json.ready(FACET);
  json.text(facet);
  json.ready(deleted ? DELETED : NOT_DELETED);
}

/** The columns as members of an object. By hand, because JSON.stringify has no form for integers beyond 2^53. */
function writeMembers(json: JsonBytes, columns: Columns, entity: EntityName): void {
  const { columns: forms, last } = FORMS[entity];
  let at = 0;
  for (const name in columns) {
    const column = columns[name];
    if (column === undefined) continue;
    let form = last[at];
    if (form?.name !== name) {
      form = forms.get(name) ?? columnForm(name, false);
      last[at] = form;
    }
    at += 1;
    json.ready(form.label);
    writeValue(json, column, form.isTime);
  }
}

function writeValue(json: JsonBytes, value: ColumnValue | null, isTime: boolean): void {
  if (value === null) json.text('null');
  else if (typeof value === 'string') json.quoted(value);
  else if (typeof value === 'number') isTime ? json.time(value) : json.number(value);
  else if (typeof value === 'object') json.text(JSON.stringify(value));
  else json.text(String(value));
}
