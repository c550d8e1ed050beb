import type { Mutation } from '../../shared/mutation.ts';
import { textLength } from './column-values.ts';

/** Measured: a conditional batch of 32 rows costs the server a sixth of 32 single ones, and more rows gain little. */
const STATEMENTS_MAX = 32;
/**
 * A conditional batch is one Paxos proposal, which has to fit into half a commit log segment (16 MiB by default). One that does not
 * fit is not refused as a plain write is: it fails as a time-out after two seconds, every time.
 */
const CHARACTERS_MAX = 500_000;

/** Cuts what goes to one partition into batches, in order. */
export function cutBatches<T extends { readonly mutation: Mutation }>(items: readonly T[]): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let characters = 0;
  for (const item of items) {
    const length = textLength(item.mutation.columns);
    if (batch.length === STATEMENTS_MAX || (batch.length > 0 && characters + length > CHARACTERS_MAX)) {
      batches.push(batch);
      batch = [];
      characters = 0;
    }
    batch.push(item);
    characters += length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
