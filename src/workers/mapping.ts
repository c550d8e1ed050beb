import { type Columns, type ColumnType, type ColumnValue, columnType } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';
import type { Convert } from './conversions.ts';
import { guardText, guardTime, neverTimes, requiredColumns } from './guard.ts';
import { RecordRejected } from './rejection.ts';
import type { Row } from './row.ts';

/**
 * What a source table becomes: declared in workers/sources, one mapping for each message type, and compiled here once at start.
 */
export interface Mapping {
  /** Key columns in key order; the canonical id is their values joined by `:`. Empty for documents. */
  readonly key: readonly string[];
  /** Documents: what their `_id` starts with; a delete says nothing else of their type. */
  readonly idPrefix?: string;
  /** Documents: how many characters of `_id` stand in front of the canonical id. */
  readonly idDrop?: number;
  readonly columns: Readonly<Record<string, Convert>>;
}

/** A relational table's mapping. */
export function rows(key: readonly string[], columns: Readonly<Record<string, Convert>>): Mapping {
  return { key, columns };
}

/** The mapping of one kind of MongoDB documents. */
export function documents(
  idPrefix: string,
  columns: Readonly<Record<string, Convert>>,
  options: { readonly idDrop?: number } = {},
): Mapping {
  return { key: [], idPrefix, idDrop: options.idDrop ?? 0, columns };
}

interface MappedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly convert: Convert;
  readonly never: readonly number[];
}

const NONE: readonly string[] = [];

/** A mapping bound to its message type. */
export class BoundMapping {
  readonly type: MessageType;
  readonly mapping: Mapping;
  readonly #columns: readonly MappedColumn[];
  readonly #required: readonly string[];

  /** Throws for a column that the entity does not have. */
  constructor(type: MessageType, mapping: Mapping) {
    this.type = type;
    this.mapping = mapping;
    this.#required = requiredColumns(type);
    this.#columns = Object.entries(mapping.columns).map(([name, convert]) => ({
      name,
      type: columnType(type.entity, name),
      convert,
      never: neverTimes(type, name),
    }));
  }

  /** The columns to write for an opened row, and those that it leaves unchanged without telling their values. */
  read(row: Row, latest: number): { readonly columns: Columns; readonly unavailable: readonly string[] } {
    for (const column of this.#required) {
      if (!row.has(column)) throw new RecordRejected('missing_column', `column ${column} is absent or null`);
    }
    const columns: Columns = {};
    let unavailable: string[] | undefined;
    for (const column of this.#columns) {
      row.next();
      const value = column.convert(row);
      if (row.unavailable) {
        unavailable ??= [];
        unavailable.push(column.name);
      } else if (!row.absent)
        columns[column.name] = value === null ? null : guarded(column, value, row, latest);
    }
    return { columns, unavailable: unavailable ?? NONE };
  }

  /** What a delete of the source row leaves: no value in any column that came from it. */
  cleared(): Columns {
    const columns: Columns = {};
    for (const column of this.#columns) columns[column.name] = null;
    return columns;
  }
}

function guarded(column: MappedColumn, value: ColumnValue, row: Row, latest: number): ColumnValue | null {
  if (typeof value === 'string') return column.type === 'text' ? guardText(value, row.fix) : value;
  if (column.type === 'timestamp' && typeof value === 'number') {
    return guardTime(value, latest, column.never, row.fix);
  }
  return value;
}
