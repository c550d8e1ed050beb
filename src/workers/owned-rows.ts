import { MAIN_FACET } from '../shared/entity.ts';
import type { Mutation, OwnedRows } from '../shared/mutation.ts';
import type { Patiently } from './look-up.ts';
import type { Store } from './stores/store.ts';

/**
 * Rows that exist inside of another row's document (the members in a MeshCentral user group): what a newer document lacks is gone.
 * Only the store knows what an older document had.
 */
export class OwnedRowsKeeper {
  readonly #store: Store;
  readonly #patiently: Patiently;

  constructor(store: Store, patiently: Patiently) {
    this.#store = store;
    this.#patiently = patiently;
  }

  /** Whether the store holds a newer document already: then this one says nothing of its rows. */
  async isStale(owner: Mutation): Promise<boolean> {
    const { entity, tool, id, version } = owner;
    const row = (await this.#patiently(() => this.#store.read(entity, tool, [id]))).get(id);
    return (row?.versions[MAIN_FACET] ?? '') > version;
  }

  /**
   * Deletes of the stored rows that the document does not have. Every earlier document has to be written by then. A deleted row keeps
   * whose it was: when the same document is read again, after a crash perhaps, its deletes are told again.
   */
  async missing(owner: Mutation, owned: OwnedRows): Promise<Mutation[]> {
    const present = new Set(owned.rows.map(({ id }) => id));
    const { tool, version, sourceTs } = owner;
    const { entity, column, value } = owned;
    return await this.#patiently(async () => {
      const gone: Mutation[] = [];
      for await (const row of this.#store.find(entity, tool, column, value)) {
        const isGone = row.deleted && row.versions[MAIN_FACET] !== version;
        if (isGone || present.has(row.id) || row.columns[column] !== value) continue;
        const cleared = Object.fromEntries(Object.keys(row.columns).map((name) => [name, null]));
        const columns = { ...cleared, [column]: value };
        gone.push({ entity, tool, id: row.id, facet: MAIN_FACET, version, sourceTs, deleted: true, columns });
      }
      return gone;
    });
  }
}
