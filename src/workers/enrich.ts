import { type ColumnValue, MAIN_FACET, type Tool } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import {
  type Reference,
  type ReferenceCache,
  type ReferenceEntity,
  type ReferenceKey,
  referenceName,
} from './reference-cache.ts';
import type { Row, Store } from './stores/store.ts';

/** Columns that enrichment fills and that a deleted row therefore clears. */
const FILLED_COLUMNS = ['organisation_id', 'organisation_name', 'site_id', 'site_name'] as const;

/**
 * What one batch knows of its references, null for one that is not there. Apart from the cache, which may give an entry up at any
 * time: for room, by age, or because another worker's change shares its word.
 */
class Known {
  readonly #groups = new Map<ReferenceEntity, Map<Tool, Map<string, Reference | null>>>();

  /** By id: a record's lookups are too many for composed keys. */
  of(entity: ReferenceEntity, tool: Tool): Map<string, Reference | null> {
    let tools = this.#groups.get(entity);
    if (tools === undefined) {
      tools = new Map();
      this.#groups.set(entity, tools);
    }
    let references = tools.get(tool);
    if (references === undefined) {
      references = new Map();
      tools.set(tool, references);
    }
    return references;
  }
}

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
    const known = new Known();
    const ofRows = mutations.filter(({ facet }) => facet === MAIN_FACET);
    // Before anything is read: what the store holds of a reference that changes in this batch is older.
    for (const mutation of ofRows) this.#learn(mutation, known);
    const unknown: ReferenceKey[] = [];
    for (const mutation of ofRows) wantDirect(mutation, known, unknown);
    await this.#find(unknown.splice(0), known);
    for (const mutation of ofRows) wantOrganisationOfSite(mutation, known, unknown);
    await this.#find(unknown, known);
    for (const mutation of ofRows) fill(mutation, known);
  }

  /** A reference's own change, before it is written: this batch and those behind it already see it. */
  #learn(mutation: Mutation, known: Known): void {
    const key = referenceKeyOf(mutation);
    if (key === null) return;
    const before = known.of(key.entity, key.tool).get(key.id) ?? this.#cache.peek(key);
    if (before !== undefined && before !== null && before.version >= mutation.version) return;
    // A change that leaves the name as it was says nothing to who does not know it.
    if (before === undefined && !mutation.deleted && mutation.columns.name === undefined) return;
    const reference = referenceOf(mutation, before ?? null);
    this.#cache.put(key, reference);
    known.of(key.entity, key.tool).set(key.id, reference);
  }

  /** Called when a reference's change was decided by the store. */
  decided(mutation: Mutation, written: boolean): void {
    const key = referenceKeyOf(mutation);
    if (key === null) return;
    const cached = this.#cache.peek(key);
    if (!written) {
      if (cached?.version === mutation.version) this.#cache.forget(key);
      return;
    }
    const isCurrent =
      cached === null ? mutation.deleted : cached !== undefined && cached.version >= mutation.version;
    this.#cache.changed(key, isCurrent ? cached : undefined);
  }

  /** Makes the references known that are not yet: from the cache, otherwise from the store. */
  async #find(keys: readonly ReferenceKey[], known: Known): Promise<void> {
    const wanted = new Map<string, ReferenceKey>();
    for (const key of keys) {
      const name = referenceName(key);
      const found = known.of(key.entity, key.tool);
      if (found.has(key.id) || wanted.has(name)) continue;
      const cached = this.#cache.get(key);
      if (cached === undefined) wanted.set(name, key);
      else found.set(key.id, cached);
    }
    if (wanted.size > 0) await this.#read(wanted, known);
  }

  async #read(wanted: ReadonlyMap<string, ReferenceKey>, known: Known): Promise<void> {
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
      for (const [index, key] of keys.entries()) {
        const reference = fromRow(rows.get(key.id));
        known.of(entity, tool).set(key.id, reference);
        this.#cache.put(key, reference, epochs[index]);
      }
    }
  }
}

function wantOrganisationOfSite(mutation: Mutation, known: Known, unknown: ReferenceKey[]): void {
  const site = lookUp(known, 'site', mutation.tool, siteOf(mutation));
  want('organisation', mutation.tool, site?.organisationId, known, unknown);
}

function want(
  entity: ReferenceEntity,
  tool: Tool,
  id: ColumnValue | null | undefined,
  known: Known,
  unknown: ReferenceKey[],
): void {
  if (typeof id === 'string' && !known.of(entity, tool).has(id)) unknown.push({ entity, tool, id });
}

function fill(mutation: Mutation, known: Known): void {
  const { columns, entity, tool } = mutation;
  if (mutation.deleted) {
    for (const column of FILLED_COLUMNS) columns[column] = null;
    if (entity === 'user') columns.role = null;
    return;
  }
  if (entity !== 'site' && columns.site_id !== undefined) {
    const site = lookUp(known, 'site', tool, columns.site_id);
    columns.site_name = site?.name ?? null;
    columns.organisation_id = site?.organisationId ?? null;
  }
  if (entity !== 'organisation' && columns.organisation_id !== undefined) {
    columns.organisation_name = lookUp(known, 'organisation', tool, columns.organisation_id)?.name ?? null;
  }
  if (columns.role_id !== undefined)
    columns.role = lookUp(known, 'role', tool, columns.role_id)?.name ?? null;
}

function lookUp(known: Known, entity: ReferenceEntity, tool: Tool, id: ColumnValue | null): Reference | null {
  return typeof id === 'string' ? (known.of(entity, tool).get(id) ?? null) : null;
}

function wantDirect(mutation: Mutation, known: Known, unknown: ReferenceKey[]): void {
  if (mutation.deleted) return;
  const { columns, entity, tool } = mutation;
  want('site', tool, siteOf(mutation), known, unknown);
  if (entity !== 'organisation') want('organisation', tool, columns.organisation_id, known, unknown);
  want('role', tool, columns.role_id, known, unknown);
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
