import { must } from '../shared/assert.ts';
import { type Columns, ENTITIES, type EntityName } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';
import { type Cell, ColumnsBuilder } from './columns-builder.ts';
import type { Convert } from './conversions.ts';
import { type ColumnGuards, guarded, guardsOfColumn } from './guard.ts';
import { type Guard, guardsOf } from './guard-table.ts';
import { RecordRejected } from './rejection.ts';
import type { Row } from './row.ts';

/**
 * What a source table becomes: declared in workers/sources, one mapping for each message type, and compiled here once at start.
 */
export interface Mapping extends MappingOptions {
  /** Key columns in key order; the canonical id is their values joined by `:`. Empty for documents. */
  readonly key: readonly string[];
  /** Documents: what their `_id` starts with; a delete says nothing else of their type. */
  readonly idPrefix?: string;
  readonly columns: Readonly<Record<string, Convert>>;
}

export interface MappingOptions {
  /** Documents: how many characters of `_id` stand in front of the canonical id. */
  readonly idDrop?: number;
  /** Stands in front of the canonical id: the table's present name, `logs_auditlog:`. */
  readonly idStart?: string;
  /**
   * For entities that are made of a change, and not of a row as such: what this change says, as ends of ids. `['triggered']` is
   * `<id>:triggered`, `['']` the id alone, and none that nothing happened. Absent: every row is one, under its id.
   */
  readonly occasions?: (row: Row) => readonly string[];
  readonly owned?: OwnedMapping;
}

/** Rows of another entity that exist only inside of the source row (OwnedRows of shared/mutation.ts). */
export interface OwnedMapping {
  readonly entity: EntityName;
  /** The column that names the owner. */
  readonly column: string;
  readonly rows: (row: Row, ownerId: string) => readonly OwnedRow[];
}

export interface OwnedRow {
  readonly id: string;
  /** All of them, the one that names the owner included. */
  readonly columns: Columns;
}

/** A relational table's mapping. */
export function rows(
  key: readonly string[],
  columns: Readonly<Record<string, Convert>>,
  options: MappingOptions = {},
): Mapping {
  return { key, columns, ...options };
}

/** The mapping of MongoDB documents: of one kind, or with an empty prefix of all in their collection. */
export function documents(
  idPrefix: string,
  columns: Readonly<Record<string, Convert>>,
  options: MappingOptions = {},
): Mapping {
  return { key: [], idPrefix, columns, ...options };
}

interface MappedColumn {
  readonly name: string;
  readonly convert: Convert;
  readonly guards: ColumnGuards;
}

/** What a mapping takes from a row. */
export interface ReadColumns {
  readonly columns: Columns;
  /** Columns that the row leaves unchanged without telling their values. */
  readonly unavailable: readonly string[];
  /** Not every mapped column is in `columns`. */
  readonly partial: boolean;
}

const NONE: readonly string[] = [];
/** What a mapping without occasions has. */
const THE_ROW: readonly string[] = [''];

/** A mapping bound to its message type. */
export class BoundMapping {
  readonly type: MessageType;
  readonly mapping: Mapping;
  readonly guards: readonly Guard[];
  /** What happened stays: neither deletes nor truncates reach it. */
  readonly history: boolean;
  readonly #columns: readonly MappedColumn[];
  readonly #required: readonly string[];
  readonly #needed: readonly string[];
  readonly #builder: ColumnsBuilder;
  /** Of the row at hand. */
  readonly #cells: Cell[];

  /** Throws for a column that the entity does not have. */
  constructor(type: MessageType, mapping: Mapping) {
    this.type = type;
    this.mapping = mapping;
    this.history = ENTITIES[type.entity].history;
    this.guards = guardsOf(type, Object.keys(mapping.columns));
    const missing = (action: Guard['action']): string[] =>
      this.guards
        .filter((guard) => guard.rule === 'missing_column' && guard.action === action)
        .map((guard) => guard.column);
    this.#required = missing('reject');
    this.#needed = missing('drop');
    this.#columns = Object.entries(mapping.columns).map(([name, convert]) => ({
      name,
      convert,
      guards: guardsOfColumn(type, name, this.guards),
    }));
    this.#builder = new ColumnsBuilder(Object.keys(mapping.columns));
    this.#cells = this.#columns.map(() => null);
  }

  /** The canonical id of a source key, the end for an occasion not included. */
  idOf(sourceId: string): string {
    const { idStart, idDrop } = this.mapping;
    const id = idDrop === undefined ? sourceId : sourceId.slice(idDrop);
    return idStart === undefined ? id : idStart + id;
  }

  /** The occasions of an opened row; none when it lacks what they need. Throws when the row lacks a required column. */
  occasions(row: Row): readonly string[] {
    const occasions = this.mapping.occasions === undefined ? THE_ROW : this.mapping.occasions(row);
    if (occasions.length === 0) return NONE;
    for (const column of this.#required) {
      if (!row.has(column)) throw new RecordRejected('missing_column', `column ${column} is absent or null`);
    }
    for (const column of this.#needed) {
      if (row.has(column)) continue;
      row.fix('missing_column');
      return NONE;
    }
    return occasions;
  }

  /**
   * The columns to write for an opened row, and those that it leaves unchanged without telling their values. `now`: the latest that
   * it can be, milliseconds since 1970 UTC.
   */
  read(row: Row, now: number): ReadColumns {
    const cells = this.#cells;
    let unavailable: string[] | undefined;
    let partial = false;
    for (let index = 0; index < this.#columns.length; index += 1) {
      const column = must(this.#columns[index], 'column');
      row.next();
      const value = column.convert(row);
      let cell: Cell = value === null ? null : guarded(value, column.guards, now, row.fix);
      if (row.unavailable) {
        cell = undefined;
        unavailable ??= [];
        unavailable.push(column.name);
      } else if (row.absent) {
        cell = undefined;
        partial = true;
      }
      cells[index] = cell;
    }
    return {
      columns: this.#builder.build(cells),
      unavailable: unavailable ?? NONE,
      partial: partial || unavailable !== undefined,
    };
  }

  /** What a delete of the source row leaves: no value in any column that came from it. */
  cleared(): Columns {
    return this.#builder.build(this.#columns.map(() => null));
  }
}
