import type { Change, Mutation, WriteOutcome } from '../shared/mutation.ts';

/** One change of a batch on its way. */
export interface Entry {
  /** Place of its record in the frame. */
  readonly record: number;
  readonly change: Change;
  /** The change's mutation, after a key move may have completed it. */
  mutation: Mutation;
  /** The change that says which rows exist inside of its document, this one among them. */
  readonly owner?: Entry;
  /** Of an owner: the store holds a newer document. */
  stale?: boolean;
  /** Follows from the record without being said in it: no change of the record's own to be counted. */
  readonly extra?: boolean;
  /** It must not be seen anywhere: its table was truncated since, or its document is an old one. */
  keptOut?: boolean;
  outcome?: WriteOutcome;
}

/** A record's changes, each followed by the rows that exist inside of its document. */
export function entriesOf(record: number, changes: readonly Change[]): Entry[] {
  const entries: Entry[] = [];
  for (const change of changes) {
    const entry: Entry = { record, change, mutation: change.mutation };
    entries.push(entry);
    if (change.owned === undefined) continue;
    for (const mutation of change.owned.rows) {
      entries.push({
        record,
        change: { mutation, operation: change.operation },
        mutation,
        owner: entry,
      });
    }
  }
  return entries;
}
