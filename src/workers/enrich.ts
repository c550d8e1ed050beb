import { MAIN_FACET } from '../shared/entity.ts';
import type { ReferenceFollowUp } from '../shared/follow-up.ts';
import type { Mutation } from '../shared/mutation.ts';
import { filledColumns, type ReferenceEntity } from '../shared/reference-table.ts';
import { RuleFollower } from './follow-rules.ts';
import { KnownInBatch, type LookUp } from './look-up.ts';
import {
  isReference,
  keysOf,
  looksAsBefore,
  type Reference,
  type ReferenceKey,
  referenceAfter,
  referenceGroup,
  referenceKey,
  referenceName,
} from './reference.ts';
import type { ReferenceCache } from './reference-cache.ts';

/** How far a chain of references reaches: check result, MeshCentral's device, Tactical's device, site, organisation. */
const ROUNDS_MAX = 5;

/** A batch's changes by how much of the rest they may refer to: what is referred to comes first, in whatever order records came. */
const LEVELS = 5;

function levelOf({ entity, tool }: Mutation): number {
  switch (entity) {
    case 'organisation':
    case 'role':
      return 0;
    case 'site':
    case 'user':
      return 1;
    case 'device':
      return tool === 'meshcentral' ? 3 : 2;
    default:
      return 4;
  }
}

/** What the enrichment of a batch leaves to be done when the batch is written. */
export class Enrichment {
  readonly known: KnownInBatch;
  /** Changes whose references are not all there, with the names of those; or none, if they may grow until the row is written. */
  readonly incomplete = new Map<Mutation, readonly string[]>();
  readonly followUps: ReferenceFollowUp[] = [];
  /** Changes of references that others have to hear of, with every name that they had or have. */
  readonly announced = new Map<Mutation, readonly ReferenceKey[]>();

  constructor(cache?: ReferenceCache) {
    this.known = new KnownInBatch(cache);
  }
}

/**
 * Completes changes with what other rows say of their organisation, site, device and user (shared/reference-table.ts). References
 * come from the stream itself (a change that passes is known at once), from the cache, or from the store, read once for the whole
 * batch. A reference that is not there leaves its columns empty: the row is written all the same.
 */
export class Enricher {
  readonly #cache: ReferenceCache;
  readonly #lookUp: LookUp;
  readonly #hasStore: boolean;

  /** Without a store, nothing that passes can be found by others. */
  constructor(cache: ReferenceCache, lookUp: LookUp, hasStore: boolean) {
    this.#cache = cache;
    this.#lookUp = lookUp;
    this.#hasStore = hasStore;
  }

  /** Has the rows looked up that these changes are of, as far as `enrich` will ask for them: while other batches have their turn. */
  async prefetch(mutations: readonly Mutation[]): Promise<void> {
    const main = mutations.filter(({ facet }) => facet === MAIN_FACET);
    await this.#lookUp.prefetch(ownKeys(main));
  }

  /** Extends the mutations' columns in place. Mutations come in the order of their records. */
  async enrich(mutations: readonly Mutation[]): Promise<Enrichment> {
    const enrichment = new Enrichment(this.#cache);
    const levels: Mutation[][] = Array.from({ length: LEVELS }, () => []);
    for (const mutation of mutations) {
      if (mutation.facet === MAIN_FACET) levels[levelOf(mutation)]?.push(mutation);
    }
    const follower = new RuleFollower(enrichment.known);
    for (const level of levels) if (level.length > 0) await this.#enrichLevel(level, enrichment, follower);
    return enrichment;
  }

  async #enrichLevel(
    level: readonly Mutation[],
    enrichment: Enrichment,
    follower: RuleFollower,
  ): Promise<void> {
    const own = ownKeys(level);
    await this.#lookUp.find(own, enrichment.known);
    const live = level.filter(({ deleted }) => !deleted);
    let incomplete = followAll(live, follower);
    for (let round = 1; follower.unknown.length > 0 && round < ROUNDS_MAX; round += 1) {
      await this.#lookUp.find(follower.unknown.splice(0), enrichment.known);
      incomplete = followAll(live, follower);
    }
    for (const [mutation, missing] of incomplete) enrichment.incomplete.set(mutation, missing);
    for (const mutation of level) {
      if (mutation.deleted)
        for (const column of filledColumns(mutation.entity, mutation.tool)) mutation.columns[column] = null;
      if (isReference(mutation.entity)) this.#learn(mutation, mutation.entity, enrichment);
    }
  }

  /** A reference's own change, before it is written: this batch and those behind it already see it. */
  #learn(mutation: Mutation, entity: ReferenceEntity, { known, followUps, announced }: Enrichment): void {
    const { tool, id, version } = mutation;
    const group = referenceGroup(entity, tool, 'id');
    const before = entity === 'event_device' ? null : (known.get(group, id) ?? null);
    if (before !== null && before.version > version) return;
    // The same change again: it may have been written by a process that then died, so others may not have heard of it.
    const again = before?.version === version;
    if (before !== null && !again && looksAsBefore(mutation, entity, before)) return;
    const after = referenceAfter(mutation, entity, before);
    if (before === null && !this.#hasStore) {
      // Nobody can look it up, so nobody is told. The word would put others that share it out of the cache, which are told of again, and
      // so on without end.
      if (entity !== 'event_device')
        for (const key of keysOf(entity, tool, after)) this.#know(key, after, known);
      return;
    }
    if (entity === 'event_device') {
      const event = String(mutation.columns.event_id);
      announced.set(mutation, [referenceKey(referenceGroup(entity, tool, 'event_id'), event)]);
    } else {
      const names = keysOf(entity, tool, after);
      for (const key of names) this.#know(key, after, known);
      announced.set(
        mutation,
        before === null ? names : [...names, ...others(keysOf(entity, tool, before), names)],
      );
    }
    followUps.push({
      kind: 'reference',
      entity,
      tool,
      id,
      before: before?.face ?? null,
      after: after.deleted ? null : { ...after.face, ...eventOf(mutation) },
      // Whether this one was there before is not looked up: its event is told in any case.
      again: again || entity === 'event_device',
    });
  }

  #know(key: ReferenceKey, reference: Reference, known: KnownInBatch): void {
    const name = referenceName(key);
    const epoch = this.#cache.epoch(name);
    const learnt = this.#cache.known(name, reference, epoch);
    known.put(key, key.value, learnt);
    if (this.#isCached(key, name)) this.#cache.keep(name, learnt);
  }

  /** Under its other names few ask for a reference: room is for those that somebody asked for. */
  #isCached({ by }: ReferenceKey, name: string): boolean {
    return by === 'id' || this.#cache.has(name);
  }

  /** Called when a change was decided by the store: what others know of it is out of date now. */
  decided(mutation: Mutation, written: boolean, { announced, known }: Enrichment): void {
    const keys = announced.get(mutation);
    if (keys === undefined) return;
    for (const key of keys) {
      const name = referenceName(key);
      const epoch = this.#cache.changed(name);
      // Of a change that was too old this batch believes what is not so: its other changes count as outdated.
      if (written) known.moved(key, key.value, epoch);
      const reference = known.get(key, key.value);
      const isCurrent = written && reference?.version === mutation.version;
      if (isCurrent && this.#isCached(key, name)) this.#cache.put(name, reference, epoch);
      else this.#cache.forget(name);
    }
  }

  /** The changes among these whose references somebody else changed since they were looked up. */
  outdated(mutations: readonly Mutation[], { known }: Enrichment): Mutation[] {
    const changed = known.changed(this.#cache);
    if (changed === undefined) return [];
    const follower = new RuleFollower(known);
    return mutations.filter(
      (mutation) =>
        mutation.facet === MAIN_FACET && !mutation.deleted && follower.leadsOver(mutation, changed),
    );
  }
}

/** Those of `keys` that are not among `names`. */
function others(keys: readonly ReferenceKey[], names: readonly ReferenceKey[]): ReferenceKey[] {
  return keys.filter((key) => !names.some(({ by, value }) => by === key.by && value === key.value));
}

/** The key of a change's own row, if others refer to rows of its entity. */
function ownKey({ entity, tool, id }: Mutation): ReferenceKey | undefined {
  if (!isReference(entity) || entity === 'event_device') return undefined;
  return referenceKey(referenceGroup(entity, tool, 'id'), id);
}

function ownKeys(mutations: readonly Mutation[]): ReferenceKey[] {
  const keys: ReferenceKey[] = [];
  for (const mutation of mutations) {
    const key = ownKey(mutation);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

/** Follows every row's rules as far as what is known reaches; answers the rows that are not complete, or may not be. */
function followAll(rows: readonly Mutation[], follower: RuleFollower): [Mutation, readonly string[]][] {
  const incomplete: [Mutation, readonly string[]][] = [];
  for (const row of rows) {
    follower.follow(row, row.columns, false);
    if (follower.open) incomplete.push([row, []]);
    else if (follower.missing.length > 0) incomplete.push([row, follower.missing.map(referenceName)]);
  }
  return incomplete;
}

/** Of a row that belongs to an event: which. */
function eventOf({ entity, columns }: Mutation): { event_id?: string } {
  return entity === 'event_device' && typeof columns.event_id === 'string'
    ? { event_id: columns.event_id }
    : {};
}
