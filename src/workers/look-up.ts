import type { Tool } from '../shared/entity.ts';
import { MAIN_FACET } from '../shared/entity.ts';
import type { ReferenceEntity, ReferenceLookup } from '../shared/reference-table.ts';
import type { KnownReferences } from './follow-rules.ts';
import { askProviders } from './providers/open-providers.ts';
import type { ReferenceProvider } from './providers/provider.ts';
import {
  type Reference,
  type ReferenceGroup,
  type ReferenceKey,
  referenceName,
  referenceOfRow,
} from './reference.ts';
import type { Known, ReferenceCache } from './reference-cache.ts';
import type { Row, Store } from './stores/store.ts';

/** Runs a read until the store answers: while it is away nothing could be written either. */
export type Patiently = <T>(read: () => Promise<T>) => Promise<T>;

/**
 * What one batch knows of its references. Apart from the cache, which may give an entry up at any time: for room, by age, or because
 * another worker's change shares its word.
 */
export class KnownInBatch implements KnownReferences {
  /** By a group's number, then by value: a record's lookups are too many for composed names. */
  readonly #groups: (KnownGroup | undefined)[] = [];
  readonly #cache: ReferenceCache | undefined;

  /** `cache`: what the batch does not know yet may be taken from there. */
  constructor(cache?: ReferenceCache) {
    this.#cache = cache;
  }

  get(group: ReferenceGroup, value: string): Reference | null | undefined {
    const known = this.#known(group, value);
    return known === undefined ? this.#cached(group, value) : known.reference;
  }

  #known({ number }: ReferenceGroup, value: string): Known | undefined {
    return this.#groups[number]?.values.get(value);
  }

  #cached(group: ReferenceGroup, value: string): Reference | null | undefined {
    const cached = this.#cache?.find(referenceName({ group: group.group, value }));
    if (cached !== undefined) this.put(group, value, cached);
    return cached?.reference;
  }

  put({ number, group }: ReferenceGroup, value: string, known: Known): void {
    let values = this.#groups[number]?.values;
    if (values === undefined) {
      values = new Map();
      this.#groups[number] = { group, values };
    }
    values.set(value, known);
  }

  /** Lets go what was not there, so that it is looked up again. */
  forgetMissing(): void {
    for (const { values } of this.#asked())
      for (const [value, { reference }] of values) if (reference === null) values.delete(value);
  }

  /** This batch's own change has moved the shared word on: nobody else's, if it moved by one. */
  moved(group: ReferenceGroup, value: string, epoch: number): void {
    const known = this.#known(group, value);
    if (known !== undefined && known.epoch === epoch - 1) this.put(group, value, { ...known, epoch });
  }

  /** Whether anybody has changed a reference since it was found out; undefined if none at all has been. */
  changed(cache: ReferenceCache): ((group: string, value: string) => boolean) | undefined {
    const changed = new Set<string>();
    for (const { group, values } of this.#asked())
      for (const [value, known] of values)
        if (!cache.isUpToDate(known)) changed.add(referenceName({ group, value }));
    return changed.size === 0 ? undefined : (group, value) => changed.has(referenceName({ group, value }));
  }

  #asked(): KnownGroup[] {
    return this.#groups.filter((group) => group !== undefined);
  }
}

/** What is known of one group. */
interface KnownGroup {
  readonly group: string;
  readonly values: Map<string, Known>;
}

/** Finds references: in the cache, otherwise in the store, otherwise at the providers; all that a batch asks for together. */
export class LookUp {
  readonly #cache: ReferenceCache;
  readonly #store: Store;
  readonly #patiently: Patiently;
  readonly #providers: readonly ReferenceProvider[];
  /** Reads on their way into the cache, by name. */
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(
    cache: ReferenceCache,
    store: Store,
    patiently: Patiently,
    providers: readonly ReferenceProvider[] = [],
  ) {
    this.#cache = cache;
    this.#store = store;
    this.#patiently = patiently;
    this.#providers = providers;
  }

  /** Makes the references known that are not yet. `fresh`: from the store, whatever the cache says. */
  async find(keys: readonly ReferenceKey[], known: KnownInBatch, fresh = false): Promise<void> {
    const groups = new Map<string, Map<string, ReferenceKey>>();
    for (const key of keys) {
      const { group } = key;
      if (known.get(key, key.value) !== undefined) continue;
      const cached = fresh ? undefined : this.#cache.find(referenceName(key));
      if (cached !== undefined) {
        known.put(key, key.value, cached);
        continue;
      }
      if (!fresh) this.#cache.misses += 1;
      const wanted = groups.get(group);
      if (wanted === undefined) groups.set(group, new Map([[key.value, key]]));
      else wanted.set(key.value, key);
    }
    await Promise.all([...groups.values()].map((wanted) => this.#read([...wanted.values()], known)));
  }

  /**
   * Brings references into the cache before their batch has its turn. What somebody else has put there meanwhile stays: a change that
   * passed is newer than what was read.
   */
  async prefetch(keys: readonly ReferenceKey[]): Promise<void> {
    const groups = new Map<string, ReferenceKey[]>();
    const awaited = new Set<Promise<void>>();
    for (const key of keys) {
      const name = referenceName(key);
      if (this.#cache.isCurrent(name)) continue;
      const fetching = this.#fetching.get(name);
      if (fetching !== undefined) awaited.add(fetching);
      else {
        const wanted = groups.get(key.group);
        if (wanted === undefined) groups.set(key.group, [key]);
        else wanted.push(key);
      }
    }
    for (const wanted of groups.values()) awaited.add(this.#fetch(wanted));
    await Promise.all(awaited);
  }

  /** All keys are of one group. */
  async #fetch(keys: readonly ReferenceKey[]): Promise<void> {
    const names = keys.map(referenceName);
    const read = (async () => {
      const epochs = names.map((name) => this.#cache.epoch(name));
      const found = await this.#found(keys);
      for (const [index, name] of names.entries())
        if (!this.#cache.isCurrent(name)) this.#cache.put(name, found[index] ?? null, epochs[index] ?? 0);
    })();
    for (const name of names) this.#fetching.set(name, read);
    try {
      await read;
    } finally {
      for (const name of names) this.#fetching.delete(name);
    }
  }

  /** All keys are of one group. */
  async #read(keys: readonly ReferenceKey[], known: KnownInBatch): Promise<void> {
    const epochs = keys.map((key) => this.#cache.epoch(referenceName(key)));
    const found = await this.#found(keys);
    for (const [index, key] of keys.entries()) {
      const name = referenceName(key);
      const learnt = this.#cache.known(name, found[index] ?? null, epochs[index] ?? 0);
      known.put(key, key.value, learnt);
      // An event's devices become more without anybody's saying so.
      if (key.entity !== 'event_device') this.#cache.keep(name, learnt);
    }
  }

  /** All keys are of one group. */
  async #found(keys: readonly ReferenceKey[]): Promise<readonly (Reference | null)[]> {
    const stored = await this.#patiently(() => this.#fromStore(keys));
    return this.#providers.length === 0 ? stored : await this.#fromProviders(keys, stored);
  }

  /** All keys are of one group. */
  async #fromStore(keys: readonly ReferenceKey[]): Promise<(Reference | null)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    if (first.by === 'id') {
      const values = keys.map(({ value }) => value);
      const rows = await this.#store.read(first.entity, first.tool, values);
      return values.map((value) => ofRow(rows.get(value)));
    }
    return await Promise.all(
      keys.map(({ entity, tool, by, value }) =>
        entity === 'event_device' ? this.#devicesOf(tool, value) : this.#firstOf(entity, tool, by, value),
      ),
    );
  }

  /** Asks the providers for what the store does not have. One that cannot be asked now leaves its references missing. */
  async #fromProviders(
    keys: readonly ReferenceKey[],
    stored: readonly (Reference | null)[],
  ): Promise<(Reference | null)[]> {
    const asked = keys.flatMap(({ entity, tool, by, value }, index) =>
      (stored[index] ?? null) === null && entity !== 'event_device'
        ? [{ index, key: { entity, tool, by, value } }]
        : [],
    );
    const answers = await askProviders(
      this.#providers,
      asked.map(({ key }) => key),
    );
    const found = [...stored];
    for (const [position, { index }] of asked.entries()) {
      const answer = answers[position];
      // Older than any version: as soon as the row itself comes, it counts.
      if (answer) found[index] = { id: answer.id, version: '', deleted: false, face: answer.columns };
    }
    return found;
  }

  /** The row of which a column has this value; should several have it, always the same one. */
  async #firstOf(
    entity: ReferenceEntity,
    tool: Tool,
    by: ReferenceLookup,
    value: string,
  ): Promise<Reference | null> {
    let chosen: Row | undefined;
    for await (const row of this.#store.find(entity, tool, by, value)) {
      if (row.deleted || row.versions[MAIN_FACET] === undefined || row.columns[by] !== value) continue;
      if (chosen === undefined || row.id < chosen.id) chosen = row;
    }
    return ofRow(chosen);
  }

  /** The devices of a Fleet activity as one reference. */
  async #devicesOf(tool: Tool, eventId: string): Promise<Reference | null> {
    const ids = new Set<string>();
    for await (const { columns } of this.#store.find('event_device', tool, 'event_id', eventId)) {
      if (columns.event_id === eventId && typeof columns.device_id === 'string') ids.add(columns.device_id);
    }
    const [only, ...others] = [...ids].sort();
    if (only === undefined) return null;
    const several = others.length > 0;
    const face = { device_id: several ? null : only, device_ids: several ? [only, ...others] : null };
    return { id: eventId, version: '', deleted: false, face };
  }
}

function ofRow(row: Row | undefined): Reference | null {
  return row === undefined ? null : referenceOfRow(row);
}
