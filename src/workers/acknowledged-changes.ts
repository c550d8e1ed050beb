import type { Mutation } from '../shared/mutation.ts';

/** Rows of which the last change is remembered: those of so many changes, and of as many before. */
const CHANGES_MAX = 25_000;

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
  // Two generations cost every change a third of a list of the least recently used: what comes again comes soon.
  #recent = new Map<string, Change>();
  #earlier = new Map<string, Change>();
  #acknowledged = -1;

  /** Every batch up to this one is acknowledged. */
  upTo(batch: number): void {
    this.#acknowledged = batch;
  }

  has(mutation: Mutation): boolean {
    const name = nameOf(mutation);
    const known = this.#recent.get(name) ?? this.#earlier.get(name);
    return known !== undefined && known.version === mutation.version && known.batch <= this.#acknowledged;
  }

  /** A change of a batch is in the store. */
  handled(mutation: Mutation, batch: number): void {
    this.#recent.set(nameOf(mutation), { version: mutation.version, batch });
    if (this.#recent.size < CHANGES_MAX) return;
    this.#earlier = this.#recent;
    this.#recent = new Map();
  }
}

/** The id comes last: it alone may hold the separator. */
function nameOf({ entity, tool, facet, id }: Mutation): string {
  return `${entity}|${tool}|${facet}|${id}`;
}
