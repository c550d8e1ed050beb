import { type ColumnValue, MAIN_FACET, type Tool } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import type { Reference, ReferenceCache, ReferenceEntity, ReferenceKey } from './reference-cache.ts';
import type { Row, Store } from './stores/store.ts';

/** Columns that enrichment fills and that a deleted row therefore clears. */
const FILLED_COLUMNS = ['organisation_id', 'organisation_name', 'site_id', 'site_name'] as const;

/**
 * Completes mutations with what other rows say of their organisation, site and role. References come from the stream itself (a
 * change that passes is known at once), from the cache, or from the store, read once for the whole batch. A reference that is
 * not there leaves its columns empty: the row is written all the same.
 */
export class Enricher {
  readonly #cache: ReferenceCache;
  readonly #store: Store;
  /** Runs a read until the store answers: while it is away nothing could be written either. */
  readonly #patiently: <T>(read: () => Promise<T>) => Promise<T>;

  constructor(cache: ReferenceCache, store: Store, patiently: <T>(read: () => Promise<T>) => Promise<T>) {
    this.#cache = cache;
    this.#store = store;
    this.#patiently = patiently;
  }

  /** Extends the mutations' columns in place. Mutations come in the order of their records. */
  async enrich(mutations: readonly Mutation[]): Promise<void> {
    const wanted = new Map<string, ReferenceKey>();
    for (const mutation of mutations) {
      if (mutation.facet !== MAIN_FACET) continue;
      this.#learn(mutation);
      for (const key of directReferences(mutation)) this.#want(wanted, key);
    }
    if (wanted.size > 0) await this.#read(wanted);
    const second = new Map<string, ReferenceKey>();
    for (const mutation of mutations) {
      const organisation = this.#organisationOfSite(mutation);
      if (organisation !== null) this.#want(second, organisation);
    }
    if (second.size > 0) await this.#read(second);
    for (const mutation of mutations) if (mutation.facet === MAIN_FACET) this.#fill(mutation);
  }

  /** A reference's own change, before it is written: what follows in the stream already sees it. */
  #learn(mutation: Mutation): void {
    const key = referenceKeyOf(mutation);
    if (key === null) return;
    const known = this.#cache.peek(key);
    if (known !== undefined && known !== null && known.version >= mutation.version) return;
    this.#cache.put(key, referenceOf(mutation, known ?? null));
  }

  /** Called when a reference's change was decided by the store. */
  decided(mutation: Mutation, written: boolean): void {
    const key = referenceKeyOf(mutation);
    if (key === null) return;
    const known = this.#cache.peek(key);
    if (written) this.#cache.changed(key, known === undefined ? referenceOf(mutation, null) : known);
    else if (known?.version === mutation.version) this.#cache.forget(key);
  }

  #want(wanted: Map<string, ReferenceKey>, key: ReferenceKey): void {
    if (this.#cache.get(key) === undefined) wanted.set(`${key.entity}|${key.tool}|${key.id}`, key);
  }

  async #read(wanted: ReadonlyMap<string, ReferenceKey>): Promise<void> {
    const groups = new Map<string, { entity: ReferenceEntity; tool: Tool; keys: ReferenceKey[] }>();
    for (const key of wanted.values()) {
      const name = `${key.entity}|${key.tool}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { entity: key.entity, tool: key.tool, keys: [key] });
      else group.keys.push(key);
    }
    for (const { entity, tool, keys } of groups.values()) {
      const epochs = keys.map((key) => this.#cache.epoch(key));
      const rows = await this.#patiently(() =>
        this.#store.read(
          entity,
          tool,
          keys.map(({ id }) => id),
        ),
      );
      keys.forEach((key, index) => this.#cache.put(key, fromRow(rows.get(key.id)), epochs[index]));
    }
  }

  #organisationOfSite(mutation: Mutation): ReferenceKey | null {
    const siteId = siteOf(mutation);
    if (siteId === null) return null;
    const site = this.#cache.peek({ entity: 'site', tool: mutation.tool, id: siteId });
    const id = site?.organisationId;
    return id === undefined || id === null ? null : { entity: 'organisation', tool: mutation.tool, id };
  }

  #fill(mutation: Mutation): void {
    const { columns, entity, tool } = mutation;
    if (mutation.deleted) {
      for (const column of FILLED_COLUMNS) columns[column] = null;
      if (entity === 'user') columns.role = null;
      return;
    }
    if (entity !== 'site' && columns.site_id !== undefined) {
      const site = this.#reference('site', tool, columns.site_id);
      columns.site_name = site?.name ?? null;
      columns.organisation_id = site?.organisationId ?? null;
    }
    if (entity !== 'organisation' && columns.organisation_id !== undefined) {
      columns.organisation_name =
        this.#reference('organisation', tool, columns.organisation_id)?.name ?? null;
    }
    if (columns.role_id !== undefined)
      columns.role = this.#reference('role', tool, columns.role_id)?.name ?? null;
  }

  #reference(entity: ReferenceEntity, tool: Tool, id: ColumnValue | null): Reference | null {
    return typeof id === 'string' ? (this.#cache.peek({ entity, tool, id }) ?? null) : null;
  }
}

function* directReferences(mutation: Mutation): Generator<ReferenceKey> {
  if (mutation.deleted) return;
  const { columns, entity, tool } = mutation;
  const site = siteOf(mutation);
  if (site !== null) yield { entity: 'site', tool, id: site };
  const organisation = columns.organisation_id;
  if (entity !== 'organisation' && typeof organisation === 'string')
    yield { entity: 'organisation', tool, id: organisation };
  const role = columns.role_id;
  if (typeof role === 'string') yield { entity: 'role', tool, id: role };
}

/** The site that a row of another entity belongs to. */
function siteOf(mutation: Mutation): string | null {
  const id = mutation.columns.site_id;
  return mutation.entity !== 'site' && !mutation.deleted && typeof id === 'string' ? id : null;
}

/** The key under which others refer to this row; null for entities that nobody refers to. */
function referenceKeyOf(mutation: Mutation): ReferenceKey | null {
  const { entity, tool, id, facet } = mutation;
  if (facet !== MAIN_FACET) return null;
  return entity === 'organisation' || entity === 'site' || entity === 'role' ? { entity, tool, id } : null;
}

function referenceOf(mutation: Mutation, known: Reference | null): Reference | null {
  if (mutation.deleted) return null;
  const { columns, version } = mutation;
  const text = (column: string, before: string | null): string | null => {
    const value = columns[column];
    return value === undefined ? before : typeof value === 'string' ? value : null;
  };
  return {
    name: text('name', known?.name ?? null),
    organisationId:
      mutation.entity === 'site' ? text('organisation_id', known?.organisationId ?? null) : null,
    version,
  };
}

function fromRow(row: Row | undefined): Reference | null {
  if (row === undefined || row.deleted || row.versions[MAIN_FACET] === undefined) return null;
  const text = (column: string): string | null => {
    const value = row.columns[column];
    return typeof value === 'string' ? value : null;
  };
  return { name: text('name'), organisationId: text('organisation_id'), version: row.versions[MAIN_FACET] };
}
