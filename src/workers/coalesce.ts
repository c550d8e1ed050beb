import type { Mutation } from '../shared/mutation.ts';

/**
 * Two changes of one row and facet as one write: the later one's columns over the earlier one's. What the later change leaves
 * unset (unchanged out-of-line columns) keeps the earlier value, as it would in the store.
 */
export function merge(earlier: Mutation, later: Mutation): Mutation {
  const { carry: laterCarry, movedTo, ...rest } = later;
  const columns = { ...earlier.columns, ...later.columns };
  const carry = laterCarry ?? (later.deleted ? undefined : remaining(earlier, later));
  return {
    ...rest,
    columns,
    ...(carry === undefined ? {} : { carry }),
    ...(movedTo === undefined ? {} : { movedTo }),
  };
}

/** Columns that the earlier change waits for and the later one does not set. */
function remaining(earlier: Mutation, later: Mutation): Mutation['carry'] {
  if (earlier.carry === undefined) return undefined;
  const columns = earlier.carry.columns.filter((column) => !(column in later.columns));
  return columns.length === 0 ? undefined : { fromId: earlier.carry.fromId, columns };
}
