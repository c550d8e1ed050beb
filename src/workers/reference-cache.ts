import { LRUCache } from 'lru-cache';
import type { ReferenceEpochs } from '../shared/shared-board.ts';
import type { ReferenceSettings } from '../shared/worker-protocol.ts';
import type { Reference } from './reference.ts';

export type CacheSettings = Pick<ReferenceSettings, 'cacheBytes' | 'ttlMs' | 'negativeTtlMs'>;

/** What was found out of a reference. */
export interface Known {
  /** Null: the store had no such row. */
  readonly reference: Reference | null;
  /** The shared word under which it was read; another worker's change moves the word on. */
  readonly epoch: number;
  /** Where that word is. */
  readonly place: number;
}

/** Rough bytes of an entry beside its texts: the map's node, the objects, the list links. */
const ENTRY_BYTES = 300;

/**
 * References by name, bounded by bytes. An entry ends by age, by room, or because a change of it passed through any worker of this
 * process. "Not there" is remembered too, for a shorter time.
 */
export class ReferenceCache {
  readonly #entries: LRUCache<string, Known>;
  readonly #epochs: ReferenceEpochs;
  readonly #negative: { readonly ttl: number };
  hits = 0;
  /** Counted by who finds none. */
  misses = 0;

  constructor(settings: CacheSettings, epochs: ReferenceEpochs) {
    this.#negative = { ttl: settings.negativeTtlMs };
    this.#epochs = epochs;
    this.#entries = new LRUCache({
      maxSize: settings.cacheBytes,
      sizeCalculation: (entry, name) => ENTRY_BYTES + 2 * (name.length + textLength(entry.reference)),
      ttl: settings.ttlMs,
    });
  }

  /** What is known of a reference; undefined, and not counted as a miss, if nothing is that is up to date. */
  find(name: string): Known | undefined {
    const known = this.#entries.get(name);
    if (known === undefined || !this.isUpToDate(known)) return undefined;
    this.hits += 1;
    return known;
  }

  /** Whether nobody has changed the reference, or another one of its word, since. */
  isUpToDate({ epoch, place }: Known): boolean {
    return epoch === this.#epochs.at(place);
  }

  /** Whether there is an entry, be it out of date. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Whether `find` would answer; not counted. */
  isCurrent(name: string): boolean {
    const known = this.#entries.peek(name);
    return known !== undefined && this.isUpToDate(known);
  }

  /** The shared word of a name: take it before reading the store, so that a change in between is noticed. */
  epoch(name: string): number {
    return this.#epochs.current(name);
  }

  put(name: string, reference: Reference | null, epoch: number): void {
    this.keep(name, this.known(name, reference, epoch));
  }

  keep(name: string, known: Known): void {
    this.#entries.set(name, known, known.reference === null ? this.#negative : undefined);
  }

  /** What a read tells; `epoch`: the word before it. */
  known(name: string, reference: Reference | null, epoch: number): Known {
    return { reference, epoch, place: this.#epochs.placeOf(name) };
  }

  /** A change under this name is in the store: every worker has to look again. Answers the word as it is now. */
  changed(name: string): number {
    return this.#epochs.advance(name);
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }
}

function textLength(reference: Reference | null): number {
  let length = reference?.id.length ?? 0;
  for (const column in reference?.face) {
    const value = reference.face[column];
    if (typeof value === 'string') length += value.length;
  }
  return length;
}
