import cassandra, { type types as driverTypes } from 'cassandra-driver';
import { assert } from '../../shared/assert.ts';
import {
  type Columns,
  type ColumnType,
  type ColumnValue,
  columnType,
  ENTITIES,
  type EntityName,
  MAIN_FACET,
  sourceTsColumn,
  type Tool,
  versionColumn,
} from '../../shared/entity.ts';
import { compactBigint, storedForm } from './column-values.ts';
import type { PendingCarry, Row } from './store.ts';

const { types } = cassandra;
type DriverRow = driverTypes.Row;

/** A value in the form that the driver serialises exactly. */
function boundValue(type: ColumnType, value: ColumnValue): unknown {
  switch (type) {
    case 'bigint':
      // With `useBigIntAsLong` the driver takes nothing else for a bigint column.
      return typeof value === 'number' ? BigInt(value) : value;
    case 'decimal':
      return types.BigDecimal.fromString(String(value));
    case 'timestamp':
      return new Date(Number(value));
    default:
      return value;
  }
}

export function boundOrNull(type: ColumnType, value: ColumnValue | null | undefined): unknown {
  return value === null || value === undefined ? null : boundValue(type, value);
}

/** A value as the driver gives it, in canonical form; undefined for null. */
function readValue(value: unknown): ColumnValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return compactBigint(value);
  if (value instanceof Date) return value.getTime();
  if (value instanceof types.BigDecimal) return value.toString();
  assert(Array.isArray(value), 'a column of a type that the model does not have');
  // Cassandra sorts sets by their bytes in UTF-8, JavaScript by UTF-16 code units.
  return value.map(String).sort();
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Facets that a row of this entity may have. */
export function facetsOf(entity: EntityName): readonly string[] {
  return [MAIN_FACET, ...ENTITIES[entity].facets];
}

/** Text of what waits for a key move; equal states have equal text, because it is compared in conditions. */
export function carryText(carry: PendingCarry | undefined): string | null {
  return carry === undefined ? null : JSON.stringify([carry.version, carry.fromId, ...carry.columns]);
}

export function readCarry(value: unknown): PendingCarry | undefined {
  if (typeof value !== 'string') return undefined;
  const parts: unknown = JSON.parse(value);
  assert(Array.isArray(parts), 'carry column');
  const [version = '', fromId = '', ...columns] = parts.map(String);
  return { version, fromId, columns };
}

/**
 * The rows of an entity's table. A row without any version is none: a part of it that was written later has outlived the rest, whose
 * time is over.
 */
export function readRows(entity: EntityName, rows: readonly DriverRow[]): Row[] {
  return rows
    .map((row) => readRow(entity, (column) => row[column]))
    .filter(({ versions }) => Object.keys(versions).length > 0);
}

function readRow(entity: EntityName, value: (column: string) => unknown): Row {
  const versions: Record<string, string> = {};
  const sourceTs: Record<string, number> = {};
  for (const facet of facetsOf(entity)) {
    const version = textOf(value(versionColumn(facet)));
    if (version === undefined) continue;
    versions[facet] = version;
    const time = value(sourceTsColumn(facet));
    if (time instanceof Date) sourceTs[facet] = time.getTime();
  }
  const columns: { [column: string]: ColumnValue } = {};
  for (const column of Object.keys(ENTITIES[entity].columns)) {
    const read = readValue(value(column));
    if (read !== undefined) columns[column] = read;
  }
  const carry = readCarry(value('carry'));
  const completions = value('completions');
  return {
    entity,
    tool: String(value('tool')) as Tool,
    id: String(value('id')),
    deleted: value('deleted') === true,
    versions,
    sourceTs,
    columns,
    ...(carry === undefined ? {} : { carry }),
    ...(typeof completions === 'number' ? { completions } : {}),
  };
}

/** Columns as JSON for the table of key moves: 64-bit integers that no JSON number holds become text. */
export function columnsText(columns: Columns): string {
  return JSON.stringify(columns, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

export function readColumnsText(entity: EntityName, text: string): Columns {
  const parsed: unknown = JSON.parse(text);
  assert(typeof parsed === 'object' && parsed !== null, 'columns of a key move');
  const columns: { [column: string]: ColumnValue | null } = {};
  for (const [name, value] of Object.entries(parsed)) {
    const type = columnType(entity, name);
    const plain: ColumnValue | null = type === 'bigint' && typeof value === 'string' ? BigInt(value) : value;
    columns[name] = plain === null ? null : (storedForm(type, plain) ?? null);
  }
  return columns;
}
