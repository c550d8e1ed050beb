import { LRUCache } from 'lru-cache';
import type { Mutation } from '../shared/mutation.ts';

/** Rows of which the last change is remembered. */
const ROWS_MAX = 50_000;

interface Change {
  readonly version: string;
  /** The worker's batch that it was in. */
  readonly batch: number;
}

/**
 * Changes that this worker has handled, and that every destination has acknowledged by now: the same change once more (a connector
 * that starts again sends what it had not noted yet) needs nothing, neither a write nor an analytics record (contract, section 4).
 */
export class AcknowledgedChanges {
  readonly #changes = new LRUCache<string, Change>({ max: ROWS_MAX });
  #acknowledged = -1;

  /** Every batch up to this one is acknowledged. */
  upTo(batch: number): void {
    this.#acknowledged = batch;
  }

  has(mutation: Mutation): boolean {
    const known = this.#changes.get(nameOf(mutation));
    return known !== undefined && known.version === mutation.version && known.batch <= this.#acknowledged;
  }

  /** A change of a batch is in the store. */
  handled(mutation: Mutation, batch: number): void {
    this.#changes.set(nameOf(mutation), { version: mutation.version, batch });
  }
}

/** The id comes last: it alone may hold the separator. */
function nameOf({ entity, tool, facet, id }: Mutation): string {
  return `${entity}|${tool}|${facet}|${id}`;
}
