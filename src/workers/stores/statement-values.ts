import { type Columns, type ColumnType, MAIN_FACET } from '../../shared/entity.ts';
import type { Mutation } from '../../shared/mutation.ts';
import { boundOrNull, carryText, readCarry } from './cassandra-values.ts';
import { isSameValue } from './column-values.ts';
import { carryAfter } from './row.ts';

/** What a statement finds, as far as it is known. */
export interface Before {
  /** Text of the carry column; undefined: the facet has no version yet. */
  readonly carry: string | null | undefined;
  /** All columns that have a value. */
  readonly columns?: Columns;
  readonly deleted?: boolean;
}

/** A facet's first write. Columns of other facets are none of its. */
export const NOTHING: Before = { carry: undefined, columns: {} };

/**
 * Parameters of the assignments. What is there already is not written again: it would cost the server as much as what changes, and every
 * null would leave a tombstone.
 */
export function values(
  mutation: Mutation,
  columns: ReadonlyMap<string, ColumnType>,
  before: Before,
): unknown[] {
  const bound: unknown[] = [mutation.version, new Date(mutation.sourceTs)];
  if (mutation.facet === MAIN_FACET) {
    const { deleted } = mutation;
    bound.push(deleted === before.deleted ? undefined : deleted, nextCarry(mutation, before.carry));
  }
  for (const [column, type] of columns) {
    const value = mutation.columns[column];
    const stays =
      value === undefined ||
      (before.columns !== undefined && isSameValue(value, before.columns[column] ?? null));
    bound.push(stays ? undefined : boundOrNull(type, value));
  }
  return bound;
}

/** Whether what waits in the row for a key move survives the mutation, at least in part: it has to be known then. */
export function keepsWaiting(mutation: Mutation): boolean {
  return mutation.facet === MAIN_FACET && !mutation.deleted && mutation.carry === undefined;
}

/** The carry column's parameter: unset where nothing changes. */
function nextCarry(mutation: Mutation, before: string | null | undefined): string | null | undefined {
  const after = carryText(carryAfter(readCarry(before), mutation));
  if (after !== null) return after === before ? undefined : after;
  // A delete or a move of its own does not look at what waited, so null has to be written.
  return before === undefined || (before === null && keepsWaiting(mutation)) ? undefined : null;
}
