import type { Mutation } from '../shared/mutation.ts';

/**
 * Two changes of one row and facet as one write: the later one's columns over the earlier one's. What the later change leaves
 * unset (unchanged out-of-line columns) keeps the earlier value, as it would in the store. The earlier one waits for no key move.
 */
export function merge(earlier: Mutation, later: Mutation): Mutation {
  return { ...later, columns: { ...earlier.columns, ...later.columns } };
}
