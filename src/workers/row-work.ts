import type { DestinationError } from '../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../shared/mutation.ts';
import { merge } from './coalesce.ts';

/** Why a mutation was given up. `exhausted`: its attempts are used up while the store works for others. */
export interface WriteFailure {
  readonly exhausted: boolean;
  readonly error: DestinationError;
  readonly attempts: number;
  /** Milliseconds since 1970 UTC. */
  readonly firstFailedAt: number;
}
export type WriteResult = WriteOutcome | WriteFailure;

/** Called with the index given to `submit` when its mutation is decided. */
export type Decided = (index: number, result: WriteResult) => void;

interface Waiter {
  readonly decided: Decided;
  readonly index: number;
  /** As it was submitted. */
  readonly mutation: Mutation;
  /** Not part of the write: a newer version of the row was already waiting. */
  readonly late: boolean;
}

/** What is to be written of one facet of one row: one or more changes merged. */
export class RowWork {
  mutation: Mutation;
  attempts = 0;
  firstFailedAt = 0;
  successesSeen = 0;
  notBefore = 0;
  /** Sent alone, to find out which change of a batch the store refuses. */
  alone = false;
  readonly #waiters: Waiter[];

  constructor(mutation: Mutation, index: number, decided: Decided) {
    this.mutation = mutation;
    this.#waiters = [{ decided, index, mutation, late: false }];
  }

  /** Facet and id. */
  get key(): string {
    return `${this.mutation.facet}\u0000${this.mutation.id}`;
  }

  /** Takes a further change of the row; false when that has to be written on its own, after this. */
  join(mutation: Mutation, index: number, decided: Decided): boolean {
    // The other half of a key move finds the row by the move's version: no later version may stand in its place.
    if (this.attempts > 0 || this.alone || this.mutation.carry !== undefined) return false;
    // An older or equal version (a connector that sent again) adds nothing; it is decided together with the newer one.
    const late = mutation.version <= this.mutation.version;
    if (!late) this.mutation = merge(this.mutation, mutation);
    this.#waiters.push({ decided, index, mutation, late });
    return true;
  }

  /** The changes one by one as they came, each to be sent alone: the store refused them merged, and one may be good. */
  split(): RowWork[] {
    return this.#waiters.map(({ mutation, index, decided }) => {
      const work = new RowWork(mutation, index, decided);
      work.alone = true;
      return work;
    });
  }

  get changes(): number {
    return this.#waiters.length;
  }

  /** Tells everybody whose change was part of the write what became of it. */
  decide(outcome: WriteOutcome): void {
    const { version } = this.mutation;
    for (const { decided, index, mutation, late } of this.#waiters) {
      if (mutation.version === version) decided(index, late ? 'duplicate' : outcome);
      // Merged into a newer change: written with it, or as stale as it was.
      else decided(index, outcome === 'written' && !late ? 'written' : 'stale');
    }
  }

  give(failure: WriteFailure): void {
    for (const { decided, index } of this.#waiters) decided(index, failure);
  }
}
