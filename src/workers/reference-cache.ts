import { LRUCache } from 'lru-cache';
import type { EntityName, Tool } from '../shared/entity.ts';
/** Entities that others refer to. */
import type { ReferenceEntity } from '../shared/reference-table.ts';
import type { ReferenceEpochs } from '../shared/shared-board.ts';
import type { ReferenceSettings } from '../shared/worker-protocol.ts';

export interface ReferenceKey {
  readonly entity: ReferenceEntity;
  readonly tool: Tool;
  readonly id: string;
}

/** What others take from a reference. */
export interface Reference {
  readonly name: string | null;
  /** Of a site. */
  readonly organisationId: string | null;
  readonly version: string;
}

interface Entry {
  /** Null: the store had no such row. */
  readonly reference: Reference | null;
  /** The shared word under which it was read; another worker's change moves the word on. */
  readonly epoch: number;
}

/** Rough bytes of an entry beside its texts: the map's node, the objects, the list links. */
const ENTRY_BYTES = 200;

/**
 * References by key, bounded by bytes. An entry ends by age, by room, or because a change of it passed through any worker of this
 * process. "Not there" is remembered too, for a shorter time.
 */
export class ReferenceCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #epochs: ReferenceEpochs;
  readonly #settings: ReferenceSettings;
  hits = 0;
  misses = 0;

  constructor(settings: ReferenceSettings, epochs: ReferenceEpochs) {
    this.#settings = settings;
    this.#epochs = epochs;
    this.#entries = new LRUCache({
      maxSize: settings.cacheBytes,
      sizeCalculation: (entry, name) =>
        ENTRY_BYTES + 2 * (name.length + (entry.reference?.name?.length ?? 0)),
      ttl: settings.ttlMs,
    });
  }

  /** The reference, null if the store has none, undefined if that is not known. */
  get(key: ReferenceKey): Reference | null | undefined {
    const name = referenceName(key);
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.epoch !== this.#epochs.current(name)) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    return entry.reference;
  }

  /** Looks without counting. */
  peek(key: ReferenceKey): Reference | null | undefined {
    const name = referenceName(key);
    const entry = this.#entries.peek(name);
    return entry === undefined || entry.epoch !== this.#epochs.current(name) ? undefined : entry.reference;
  }

  /** The shared word of a key: take it before reading the store, so that a change in between is noticed. */
  epoch(key: ReferenceKey): number {
    return this.#epochs.current(referenceName(key));
  }

  put(key: ReferenceKey, reference: Reference | null, epoch = this.epoch(key)): void {
    const ttl = reference === null ? this.#settings.negativeTtlMs : this.#settings.ttlMs;
    this.#entries.set(referenceName(key), { reference, epoch }, { ttl });
  }

  /** A change of this reference is in the store: every worker has to look again, this one too unless it knows it. */
  changed(key: ReferenceKey, reference: Reference | null | undefined): void {
    const name = referenceName(key);
    this.#epochs.advance(name);
    if (reference === undefined) this.forget(key);
    else this.put(key, reference);
  }

  forget(key: ReferenceKey): void {
    this.#entries.delete(referenceName(key));
  }
}

/** A key as text. */
export function referenceName({ entity, tool, id }: ReferenceKey): string {
  return `${entity}|${tool}|${id}`;
}
