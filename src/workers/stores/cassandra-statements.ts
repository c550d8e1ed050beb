import {
  type Columns,
  type ColumnType,
  columnType,
  ENTITIES,
  type EntityName,
  MAIN_FACET,
  sourceTsColumn,
  versionColumn,
} from '../../shared/entity.ts';
import type { Mutation } from '../../shared/mutation.ts';
import { filledColumns } from '../../shared/reference-table.ts';
import { versionTimestamp } from '../../shared/version.ts';
import { boundOrNull, facetsOf } from './cassandra-values.ts';
import { endsRow } from './row.ts';
import { stateCondition, stateOf } from './row-state.ts';
import { keepsWaiting, NOTHING, values } from './statement-values.ts';
import type { Row, RowKey } from './store.ts';
import { microseconds } from './write-clock.ts';

export interface Statement {
  readonly query: string;
  readonly params: unknown[];
}

/** What the store is believed to hold of a mutation's facet, which decides the condition. */
export interface Expected {
  /** Null: the facet has no version yet, or the row is not there. */
  readonly version: string | null;
  /** Text of the row's carry column. */
  readonly carry: string | null;
  /** The whole row, where it is known: the condition is then that it is still in this state, and only what changes is written. */
  readonly row?: Row | undefined;
}

interface PlacedKey extends RowKey {
  readonly bucket: number;
}

/** What a filled row has to be like, or in `timestamp` mode the time of the values. */
export type FillGuard =
  | { readonly carry: string; readonly next: string | null; readonly completions: number | null }
  | { readonly timestamp: bigint };

/** How long rows stay that do not stay for ever. */
export interface Keep {
  readonly deletedKeepSeconds: number;
  readonly historyKeepSeconds: number;
}

/** The statements of one mapping; replaced by wider ones when its mutations turn out to write more columns. */
interface Shape {
  readonly columns: ReadonlyMap<string, ColumnType>;
  readonly first: string;
  readonly newer: string;
  /** `newer`, and what waits for a key move is as expected. */
  readonly newerWaiting: string;
  /** The row is in a known state: all that tells one from another. */
  readonly same: string;
  /** `newer`, for a delete of the row. */
  readonly newerEnd: string;
  readonly timestamped: string;
}

export const KEY_MOVES_TABLE = 'key_moves';
export const PROBES_TABLE = 'probes';
const KEY = 'tool = ? AND bucket = ? AND id = ?';

/**
 * CQL text of everything that the store does. Statements of one mapping (entity, tool, facet) share one list of columns, in which a
 * mutation's absent ones are unset: few statements to prepare, and narrow ones (measured: 30 bound columns of which 20 are unset cost
 * 12 % more server time than 10 columns).
 */
export class Statements {
  readonly #keyspace: string;
  readonly #keep: Keep;
  readonly #shapes = new Map<string, Shape>();

  constructor(keyspace: string, keep: Keep) {
    this.#keyspace = keyspace;
    this.#keep = keep;
  }

  /**
   * A conditional write. No condition says "older or missing", so there are two: `= null` holds where the facet was never written and
   * also where there is no row, `< ?` where it was. A main upsert also requires that what waits for a key move is as expected.
   */
  conditional(mutation: Mutation, bucket: number, expected: Expected): Statement {
    const shape = this.#shape(mutation);
    const key = [mutation.tool, bucket, mutation.id];
    const ttl = this.#ttl(mutation);
    if (expected.version === null) {
      return { query: shape.first, params: [ttl, ...values(mutation, shape.columns, NOTHING), ...key] };
    }
    if (expected.row !== undefined) {
      const { columns, deleted } = expected.row;
      const set = values(mutation, shape.columns, { carry: null, columns, deleted });
      return { query: shape.same, params: [ttl, ...set, ...key, ...stateOf(expected.row)] };
    }
    const set = values(mutation, shape.columns, { carry: expected.carry });
    const params = [ttl, ...set, ...key, mutation.version];
    if (endsRow(mutation)) return { query: shape.newerEnd, params };
    if (!keepsWaiting(mutation)) return { query: shape.newer, params };
    return { query: shape.newerWaiting, params: [...params, expected.carry] };
  }

  /**
   * Plain writes whose write timestamp is the mutation's version: Cassandra keeps the newer cell. Columns that come from other rows
   * change without a new version, so those follow the clock instead; a column must never know both kinds of timestamps.
   */
  timestamped(mutation: Mutation, bucket: number): Statement[] {
    const { entity, tool, id } = mutation;
    const filled = filledColumns(entity, tool);
    const [own, others]: [Columns, Columns] = [{}, {}];
    for (const [column, value] of Object.entries(mutation.columns))
      (filled.has(column) ? others : own)[column] = value;
    const shape = this.#shape({ ...mutation, columns: own });
    // A version that does not fit throws here: bound as undefined, the server would silently take its own clock.
    const timestamp = versionTimestamp(mutation.version);
    const ttl = this.#ttl(mutation);
    const params = [timestamp, ttl, ...values(mutation, shape.columns, { carry: null }), tool, bucket, id];
    const statement = { query: shape.timestamped, params };
    const completions = endsRow(mutation) ? null : undefined;
    if (completions === undefined && Object.keys(others).length === 0) return [statement];
    return [statement, this.#clocked({ entity, tool, bucket, id }, others, completions, ttl)];
  }

  /** Sets columns that come from other rows, if the row is as `seen`. */
  complete(seen: Row, bucket: number, columns: Columns): Statement {
    const { entity, tool, id, completions = null } = seen;
    const set = assignments(entity, columns, (completions ?? 0) + 1);
    const table = this.table(ENTITIES[entity].table);
    const query = `UPDATE ${table} USING TTL ? SET ${set.text} WHERE ${KEY} IF version = ? AND completions = ?`;
    const key = [tool, bucket, id];
    const ttl = this.#historyTtl(entity);
    return { query, params: [ttl, ...set.params, ...key, seen.versions[MAIN_FACET], completions] };
  }

  /** The same in `timestamp` mode, where the last one wins. */
  completeClocked(seen: Row, bucket: number, columns: Columns): Statement {
    const { entity, tool, id, completions = 0 } = seen;
    return this.#clocked({ entity, tool, bucket, id }, columns, completions + 1, this.#historyTtl(entity));
  }

  #clocked(
    { entity, tool, bucket, id }: PlacedKey,
    columns: Columns,
    completions: number | null | undefined,
    ttl: number,
  ): Statement {
    const set = assignments(entity, columns, completions);
    const table = this.table(ENTITIES[entity].table);
    const query = `UPDATE ${table} USING TIMESTAMP ? AND TTL ? SET ${set.text} WHERE ${KEY}`;
    return { query, params: [microseconds(), ttl, ...set.params, tool, bucket, id] };
  }

  /** Fills columns of a waiting row. `timestamp` is set for tables of that mode; otherwise the row must still wait as expected. */
  fill(
    key: PlacedKey,
    values: readonly (readonly [column: string, value: unknown])[],
    guard: FillGuard,
  ): Statement {
    const table = this.table(ENTITIES[key.entity].table);
    const where = [key.tool, key.bucket, key.id];
    const columns = values.map(([column]) => `${column} = ?`);
    const bound = values.map(([, value]) => value);
    if ('timestamp' in guard) {
      const query = `UPDATE ${table} USING TIMESTAMP ? SET ${columns.join(', ')} WHERE ${KEY}`;
      return { query, params: [guard.timestamp, ...bound, ...where] };
    }
    const set = [...columns, 'carry = ?', 'completions = ?'].join(', ');
    const query = `UPDATE ${table} SET ${set} WHERE ${KEY} IF carry = ? AND completions = ?`;
    const { carry, next, completions } = guard;
    return { query, params: [...bound, next, (completions ?? 0) + 1, ...where, carry, completions] };
  }

  read(entity: EntityName): string {
    return `${this.scan(entity)} WHERE tool = ? AND bucket = ? AND id IN ?`;
  }

  /**
   * By the index on the column. The tool is part of the partition key, so the server passes over other tools' rows without reading
   * them; an index on it as well was no faster (docs/queries.md). CQL wants to be told that this is meant.
   */
  find(entity: EntityName, column: string, ofTool: boolean): string {
    const search = `${this.scan(entity)} WHERE ${column} = ?`;
    return ofTool ? `${search} AND tool = ? ALLOW FILTERING` : search;
  }

  scan(entity: EntityName): string {
    const versions = facetsOf(entity).flatMap((facet) => [versionColumn(facet), sourceTsColumn(facet)]);
    const columns = [
      'tool',
      'id',
      'deleted',
      'carry',
      'completions',
      ...versions,
      ...Object.keys(ENTITIES[entity].columns),
    ];
    return `SELECT ${columns.join(', ')} FROM ${this.table(ENTITIES[entity].table)}`;
  }

  table(name: string): string {
    return `${this.#keyspace}.${name}`;
  }

  /** A marker goes by itself after its time, and so does what happened; 0 is for ever. */
  #ttl(mutation: Mutation): number {
    return mutation.deleted ? this.#keep.deletedKeepSeconds : this.#historyTtl(mutation.entity);
  }

  #historyTtl(entity: EntityName): number {
    return ENTITIES[entity].history ? this.#keep.historyKeepSeconds : 0;
  }

  #shape(mutation: Mutation): Shape {
    const name = `${mutation.entity}|${mutation.tool}|${mutation.facet}`;
    const known = this.#shapes.get(name);
    if (known !== undefined && Object.keys(mutation.columns).every((column) => known.columns.has(column))) {
      return known;
    }
    const columns = [...new Set([...(known?.columns.keys() ?? []), ...Object.keys(mutation.columns)])].sort();
    const shape = this.#newShape(mutation, columns);
    this.#shapes.set(name, shape);
    return shape;
  }

  #newShape({ entity, facet }: Mutation, columns: readonly string[]): Shape {
    const table = this.table(ENTITIES[entity].table);
    const version = versionColumn(facet);
    const own = facet === MAIN_FACET ? ['deleted', 'carry'] : [];
    const names = [version, sourceTsColumn(facet), ...own, ...columns];
    const set = names.map((column) => `${column} = ?`).join(', ');
    const update = `UPDATE ${table} USING TTL ? SET ${set} WHERE ${KEY}`;
    return {
      columns: new Map(columns.map((column) => [column, columnType(entity, column)])),
      first: `${update} IF ${version} = null`,
      newer: `${update} IF ${version} < ?`,
      newerWaiting: `${update} IF ${version} < ? AND carry = ?`,
      same: `${update} IF ${stateCondition(entity)}`,
      // A count of completions that stayed behind would keep the row from going with its time.
      newerEnd: `UPDATE ${table} USING TTL ? SET ${set}, completions = null WHERE ${KEY} IF ${version} < ?`,
      timestamped: `UPDATE ${table} USING TIMESTAMP ? AND TTL ? SET ${set} WHERE ${KEY}`,
    };
  }
}

/** Assignments of columns that come from other rows; `completions` undefined: left alone. */
function assignments(
  entity: EntityName,
  columns: Columns,
  completions: number | null | undefined,
): { readonly text: string; readonly params: unknown[] } {
  const names = Object.keys(columns)
    .filter((name) => columns[name] !== undefined)
    .sort();
  const params = names.map((name) => boundOrNull(columnType(entity, name), columns[name]));
  if (completions !== undefined) {
    names.push('completions');
    params.push(completions);
  }
  return { text: names.map((name) => `${name} = ?`).join(', '), params };
}
