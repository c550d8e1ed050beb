import { assert } from '../../shared/assert.ts';
import {
  type Columns,
  type ColumnValue,
  ENTITIES,
  type EntityName,
  MAIN_FACET,
} from '../../shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import type { KeyMove, PendingCarry, Row, RowKey } from './store.ts';

/**
 * What a mutation does to a row, without any storage: the embedded store runs it, the Cassandra store's statements must be
 * indistinguishable from it (test/workers/stores/conformance.ts). One thing differs by design: Cassandra's first write of a facet
 * does not clear columns that are null in it, which is the same only because two facets of an entity never share a column.
 */

/**
 * Stable bucket of an id: FNV-1a over its UTF-16 code units, finished as MurmurHash3 does so that the low bits are good. It is part
 * of every primary key: it must never change.
 */
export function bucketOfId(id: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % buckets;
}

/** A row's key as text. The id comes last: it alone may hold the separator. */
export function rowName({ entity, tool, id }: RowKey): string {
  return `${entity}|${tool}|${id}`;
}

/** What waits after a mutation of a newer version: its own move, else what waited before less the columns that it sets. */
export function carryAfter(before: PendingCarry | undefined, mutation: Mutation): PendingCarry | undefined {
  if (mutation.facet !== MAIN_FACET) return before;
  if (mutation.deleted) return undefined;
  if (mutation.carry !== undefined) {
    const { fromId, columns, version = mutation.version } = mutation.carry;
    return columns.length === 0 ? undefined : { fromId, version, columns: [...columns].sort() };
  }
  if (before === undefined) return undefined;
  // Null is a value here: the source said that the column is empty now, which ends the waiting as any other value does.
  const columns = before.columns.filter((column) => mutation.columns[column] === undefined);
  return columns.length === 0 ? undefined : { ...before, columns };
}

export function sameMove(carry: PendingCarry, move: KeyMove): boolean {
  return carry.fromId === move.fromId && carry.version === move.version;
}

/** The given columns over the stored ones: absent keeps, null clears. */
function merged(stored: Columns, changes: Columns): Columns {
  const columns: { [column: string]: ColumnValue | null } = { ...stored };
  for (const [column, value] of Object.entries(changes)) {
    if (value === null) delete columns[column];
    else columns[column] = value;
  }
  return columns;
}

function withCarry(row: Row, carry: PendingCarry | undefined): Row {
  return carry === undefined ? row : { ...row, carry };
}

/** How a version stands to the one that its facet has in the row (undefined: none yet). */
export function outcomeOf(known: string | null | undefined, version: string): WriteOutcome {
  if (known === undefined || known === null || version > known) return 'written';
  return version === known ? 'duplicate' : 'stale';
}

/**
 * Applies one mutation; the row stays as it is unless the outcome is `written`. A delete of the main facet turns the row into a
 * marker: columns of other facets stay stored, and are seen again if the row is revived.
 */
export function applyMutation(
  row: Row | undefined,
  mutation: Mutation,
): { readonly outcome: WriteOutcome; readonly row: Row } {
  const { entity, tool, id, facet, version, sourceTs } = mutation;
  const before: Row = row ?? {
    entity,
    tool,
    id,
    deleted: false,
    versions: {},
    sourceTs: {},
    columns: {},
  };
  const outcome = outcomeOf(before.versions[facet], version);
  if (outcome !== 'written') return { outcome, row: before };
  const after: Row = {
    entity,
    tool,
    id,
    deleted: facet === MAIN_FACET ? mutation.deleted : before.deleted,
    versions: { ...before.versions, [facet]: version },
    sourceTs: { ...before.sourceTs, [facet]: sourceTs },
    columns: merged(before.columns, mutation.columns),
    // A marker begins anew: its version is another one, and a count left behind would outlive it.
    ...(before.completions === undefined || endsRow(mutation) ? {} : { completions: before.completions }),
  };
  return { outcome, row: withCarry(after, carryAfter(before.carry, mutation)) };
}

/** Whether the mutation turns its row into a marker. */
export function endsRow(mutation: Mutation): boolean {
  return mutation.facet === MAIN_FACET && mutation.deleted;
}

/** Whether there is something to complete: a row that only facets have written is completed with its main facet's first write. */
export function isCompletable(row: Row): boolean {
  return !row.deleted && row.versions[MAIN_FACET] !== undefined;
}

/** The row with columns that come from other rows; undefined if it is no longer as `seen`. */
export function applyCompletion(row: Row | undefined, seen: Row, columns: Columns): Row | undefined {
  if (row === undefined || !isCompletable(row)) return undefined;
  const sameVersion = row.versions[MAIN_FACET] === seen.versions[MAIN_FACET];
  return sameVersion && row.completions === seen.completions ? completed(row, columns) : undefined;
}

/** The row with columns of a completion set, and cleared where null. */
export function completed(row: Row, columns: Columns): Row {
  return { ...row, columns: merged(row.columns, columns), completions: (row.completions ?? 0) + 1 };
}

/** Throws for a column by which no store finds rows: a mistake in the program. */
export function assertIndexed(entity: EntityName, column: string): void {
  const { indexes }: { readonly indexes: readonly string[] } = ENTITIES[entity];
  assert(indexes.includes(column), `rows of ${entity} are not found by ${column}`);
}

/** The form in which a value of an indexed column is looked for. */
export function soughtText(entity: EntityName, column: string, text: string): string {
  const { caseless }: { readonly caseless: readonly string[] } = ENTITIES[entity];
  return caseless.includes(column) ? text.toLowerCase() : text;
}

/** The columns of a key move that the row still waits for. */
export function owed(carry: PendingCarry, columns: Columns): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([column]) => carry.columns.includes(column)));
}

/** What of `next` the row still waits for. */
export function stillOwed(carry: PendingCarry, next: PendingCarry | undefined): PendingCarry | undefined {
  const columns = next?.columns.filter((column) => carry.columns.includes(column)) ?? [];
  return next === undefined || columns.length === 0 ? undefined : { ...next, columns };
}

/** Gives a row what it waits for of this move; it then waits for `next` or for nothing. Undefined if it does not wait for the move. */
export function applyCarried(
  row: Row | undefined,
  move: KeyMove,
  columns: Columns,
  next?: PendingCarry,
): Row | undefined {
  if (row?.carry === undefined || !sameMove(row.carry, move)) return undefined;
  const { carry, ...rest } = row;
  // Another state of the row at the same version, as after a completion.
  const completions = (row.completions ?? 0) + 1;
  const filled = { ...rest, columns: merged(row.columns, owed(carry, columns)), completions };
  return withCarry(filled, stillOwed(carry, next));
}
