import { LRUCache } from 'lru-cache';
import type { ReferenceEpochs } from '../shared/shared-board.ts';
import type { ReferenceSettings } from '../shared/worker-protocol.ts';
import type { Reference } from './reference.ts';

export type CacheSettings = Pick<ReferenceSettings, 'cacheBytes' | 'ttlMs' | 'negativeTtlMs'>;

interface Entry {
  /** Null: the store had no such row. */
  readonly reference: Reference | null;
  /** The shared word under which it was read; another worker's change moves the word on. */
  readonly epoch: number;
}

/** Rough bytes of an entry beside its texts: the map's node, the objects, the list links. */
const ENTRY_BYTES = 300;

/**
 * References by name, bounded by bytes. An entry ends by age, by room, or because a change of it passed through any worker of this
 * process. "Not there" is remembered too, for a shorter time.
 */
export class ReferenceCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #epochs: ReferenceEpochs;
  readonly #settings: CacheSettings;
  hits = 0;
  misses = 0;

  constructor(settings: CacheSettings, epochs: ReferenceEpochs) {
    this.#settings = settings;
    this.#epochs = epochs;
    this.#entries = new LRUCache({
      maxSize: settings.cacheBytes,
      sizeCalculation: (entry, name) => ENTRY_BYTES + 2 * (name.length + textLength(entry.reference)),
      ttl: settings.ttlMs,
    });
  }

  /** The reference, null if the store has none, undefined if that is not known. */
  get(name: string): Reference | null | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.epoch !== this.#epochs.current(name)) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    return entry.reference;
  }

  /** Whether there is an entry, be it out of date. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Whether `get` would answer; not counted. */
  isCurrent(name: string): boolean {
    return this.#entries.peek(name)?.epoch === this.#epochs.current(name);
  }

  /** The shared word of a name: take it before reading the store, so that a change in between is noticed. */
  epoch(name: string): number {
    return this.#epochs.current(name);
  }

  put(name: string, reference: Reference | null, epoch: number): void {
    const ttl = reference === null ? this.#settings.negativeTtlMs : this.#settings.ttlMs;
    this.#entries.set(name, { reference, epoch }, { ttl });
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
