import {
  type ColumnType,
  columnType,
  ENTITIES,
  type EntityName,
  MAIN_FACET,
  sourceTsColumn,
  versionColumn,
} from '../../shared/entity.ts';
import type { Mutation } from '../../shared/mutation.ts';
import { versionTimestamp } from '../../shared/version.ts';
import { boundValue, carryText, facetsOf, readCarry } from './cassandra-values.ts';
import { carryAfter } from './row.ts';

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
}

/** The statements of one mapping; replaced by wider ones when its mutations turn out to write more columns. */
interface Shape {
  readonly columns: ReadonlyMap<string, ColumnType>;
  readonly first: string;
  readonly newer: string;
  /** `newer`, and what waits for a key move is as expected. */
  readonly newerWaiting: string;
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
  readonly #deletedKeepSeconds: number;
  readonly #shapes = new Map<string, Shape>();

  constructor(keyspace: string, deletedKeepSeconds: number) {
    this.#keyspace = keyspace;
    this.#deletedKeepSeconds = deletedKeepSeconds;
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
      return { query: shape.first, params: [ttl, ...values(mutation, shape, null, true), ...key] };
    }
    const params = [ttl, ...values(mutation, shape, expected.carry, false), ...key, mutation.version];
    if (!keepsWaiting(mutation)) return { query: shape.newer, params };
    return { query: shape.newerWaiting, params: [...params, expected.carry] };
  }

  /** A plain write whose write timestamp is the mutation's version: Cassandra keeps the newer cell. */
  timestamped(mutation: Mutation, bucket: number): Statement {
    const shape = this.#shape(mutation);
    // A version that does not fit throws here: bound as undefined, the server would silently take its own clock.
    const timestamp = versionTimestamp(mutation.version);
    const key = [mutation.tool, bucket, mutation.id];
    const params = [timestamp, this.#ttl(mutation), ...values(mutation, shape, null, false), ...key];
    return { query: shape.timestamped, params };
  }

  /** Fills columns of a waiting row. `timestamp` is set for tables of that mode; otherwise the row must still wait as expected. */
  fill(
    key: { readonly entity: EntityName; readonly tool: string; readonly bucket: number; readonly id: string },
    values: readonly (readonly [column: string, value: unknown])[],
    guard: { readonly carry: string; readonly next: string | null } | { readonly timestamp: bigint },
  ): Statement {
    const table = this.table(ENTITIES[key.entity].table);
    const where = [key.tool, key.bucket, key.id];
    const columns = values.map(([column]) => `${column} = ?`);
    const bound = values.map(([, value]) => value);
    if ('timestamp' in guard) {
      const query = `UPDATE ${table} USING TIMESTAMP ? SET ${columns.join(', ')} WHERE ${KEY}`;
      return { query, params: [guard.timestamp, ...bound, ...where] };
    }
    const query = `UPDATE ${table} SET ${[...columns, 'carry = ?'].join(', ')} WHERE ${KEY} IF carry = ?`;
    return { query, params: [...bound, guard.next, ...where, guard.carry] };
  }

  read(entity: EntityName): string {
    return `${this.scan(entity)} WHERE tool = ? AND bucket = ? AND id IN ?`;
  }

  scan(entity: EntityName): string {
    const versions = facetsOf(entity).flatMap((facet) => [versionColumn(facet), sourceTsColumn(facet)]);
    const columns = ['tool', 'id', 'deleted', 'carry', ...versions, ...Object.keys(ENTITIES[entity].columns)];
    return `SELECT ${columns.join(', ')} FROM ${this.table(ENTITIES[entity].table)}`;
  }

  table(name: string): string {
    return `${this.#keyspace}.${name}`;
  }

  /** A marker goes by itself after its time; 0 is for ever. */
  #ttl(mutation: Mutation): number {
    return mutation.deleted ? this.#deletedKeepSeconds : 0;
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
      timestamped: `UPDATE ${table} USING TIMESTAMP ? AND TTL ? SET ${set} WHERE ${KEY}`,
    };
  }
}

/** Parameters of the assignments. In a facet's first write there is nothing to clear: nulls would only leave tombstones. */
function values(mutation: Mutation, shape: Shape, carry: string | null, first: boolean): unknown[] {
  const bound: unknown[] = [mutation.version, new Date(mutation.sourceTs)];
  if (mutation.facet === MAIN_FACET) bound.push(mutation.deleted, nextCarry(mutation, carry, first));
  for (const [column, type] of shape.columns) {
    const value = mutation.columns[column];
    if (value === undefined) bound.push(undefined);
    else if (value === null) bound.push(first ? undefined : null);
    else bound.push(boundValue(type, value));
  }
  return bound;
}

/** Whether what waits in the row for a key move survives the mutation, at least in part: it has to be known then. */
function keepsWaiting(mutation: Mutation): boolean {
  return mutation.facet === MAIN_FACET && !mutation.deleted && mutation.carry === undefined;
}

/** The carry column's parameter: unset where nothing changes. */
function nextCarry(mutation: Mutation, before: string | null, first: boolean): string | null | undefined {
  const after = carryText(carryAfter(readCarry(before), mutation));
  if (after !== null) return after === before ? undefined : after;
  // A delete or a move of its own does not look at what waited, so null has to be written.
  return first || (before === null && keepsWaiting(mutation)) ? undefined : null;
}
