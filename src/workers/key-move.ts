import type { Columns } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import type { KeyMove, Store } from './stores/store.ts';

/**
 * A changed primary key comes as a delete of the old key and an insert of the new one, on partitions that have no order between
 * them. Columns stored out of line are only in the old key's row. Whichever half comes second completes the new row (contract,
 * section 4): each half first says what it has, then looks what the other one said.
 */
export class KeyMoves {
  readonly #store: Store;
  readonly #settled: (mutation: Mutation) => Promise<void>;
  readonly #patiently: <T>(read: () => Promise<T>) => Promise<T>;

  constructor(
    store: Store,
    settled: (mutation: Mutation) => Promise<void>,
    patiently: <T>(read: () => Promise<T>) => Promise<T>,
  ) {
    this.#store = store;
    this.#settled = settled;
    this.#patiently = patiently;
  }

  /** Before a half is written. Answers the mutation to write. */
  async before(mutation: Mutation): Promise<Mutation> {
    if (mutation.movedTo !== undefined) await this.#leave(mutation);
    if (mutation.carry === undefined) return mutation;
    const kept = await this.#patiently(() => this.#store.takeMoved(moveOf(mutation), mutation.id));
    if (kept === undefined) return mutation;
    const { carry, ...arrived } = mutation;
    return { ...arrived, columns: { ...mutation.columns, ...pick(kept, carry?.columns ?? []) } };
  }

  /** After an insert half was written while its columns were still missing. */
  async after(mutation: Mutation): Promise<void> {
    if (mutation.carry === undefined) return;
    const { columns } = mutation.carry;
    const move = moveOf(mutation);
    const kept = await this.#patiently(() => this.#store.takeMoved(move, mutation.id));
    if (kept !== undefined)
      await this.#patiently(() => this.#store.fillCarried(mutation.id, move, pick(kept, columns)));
  }

  /** Keeps what the old row holds and completes the new row if that waits already. The delete is written after this. */
  async #leave(mutation: Mutation): Promise<void> {
    const { entity, tool, id, version } = mutation;
    await this.#settled(mutation);
    const row = (await this.#patiently(() => this.#store.read(entity, tool, [id]))).get(id);
    // Seen before: what the old row held was kept then.
    if (row === undefined || row.deleted || (row.versions[mutation.facet] ?? '') >= version) return;
    const move: KeyMove = { entity, tool, fromId: id, version };
    const waiting = await this.#patiently(() => this.#store.keepMoved(move, row.columns));
    if (waiting !== undefined)
      await this.#patiently(() => this.#store.fillCarried(waiting, move, row.columns));
  }
}

function moveOf({ entity, tool, version, carry, id }: Mutation): KeyMove {
  return { entity, tool, fromId: carry?.fromId ?? id, version };
}

/** The columns that were asked for; one that the old row did not hold is null. */
function pick(columns: Columns, wanted: readonly string[]): Columns {
  const picked: Columns = {};
  for (const column of wanted) picked[column] = columns[column] ?? null;
  return picked;
}
