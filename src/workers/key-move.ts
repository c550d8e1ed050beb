import type { Columns } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import { stillOwed } from './stores/row.ts';
import type { Kept, KeyMove, PendingCarry, Store } from './stores/store.ts';

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
    const { carry, ...arrived } = mutation;
    let columns = mutation.columns;
    let waiting: PendingCarry | undefined = { version: mutation.version, ...carry };
    while (waiting !== undefined) {
      const kept = await this.#take(mutation, waiting);
      if (kept === undefined) return { ...arrived, columns, carry: waiting };
      columns = { ...columns, ...given(kept, waiting) };
      waiting = stillOwed(waiting, kept.owed);
    }
    return { ...arrived, columns };
  }

  /** After an insert half was written while its columns were still missing. */
  async after(mutation: Mutation): Promise<void> {
    if (mutation.carry === undefined) return;
    await this.#complete(mutation, { version: mutation.version, ...mutation.carry });
  }

  /**
   * Keeps what the old row holds, and what that row waits for itself: keys that are swapped move one after the other, and the moves
   * come in any order. Rows that wait already are completed. The delete is written after this, so that all of it can be done again.
   */
  async #leave(mutation: Mutation): Promise<void> {
    const { entity, tool, id, version } = mutation;
    await this.#settled(mutation);
    const row = (await this.#patiently(() => this.#store.read(entity, tool, [id]))).get(id);
    // Seen before: what the old row held was kept then.
    if (row === undefined || row.deleted || (row.versions[mutation.facet] ?? '') >= version) return;
    const kept: Kept = { columns: row.columns, ...(row.carry === undefined ? {} : { owed: row.carry }) };
    const move: KeyMove = { entity, tool, fromId: id, version };
    const ids = await this.#patiently(() => this.#store.keepMoved(move, kept));
    if (ids.length === 0) return;
    const rows = await this.#patiently(() => this.#store.read(entity, tool, ids));
    for (const { id: waitingId, carry } of rows.values()) {
      if (carry?.fromId === id && carry.version === version) {
        await this.#complete({ entity, tool, id: waitingId }, carry);
      }
    }
  }

  /** Gives a written row what it waits for, as far as the moves behind it have been seen. */
  async #complete(row: RowKey, carry: PendingCarry): Promise<void> {
    let waiting: PendingCarry | undefined = carry;
    while (waiting !== undefined) {
      const now: PendingCarry = waiting;
      const kept = await this.#take(row, now);
      if (kept === undefined) return;
      const next = stillOwed(now, kept.owed);
      const columns = given(kept, now);
      await this.#patiently(() => this.#store.fillCarried(row.id, moveOf(row, now), columns, next));
      waiting = next;
    }
  }

  #take(row: RowKey, waiting: PendingCarry): Promise<Kept | undefined> {
    return this.#patiently(() => this.#store.takeMoved(moveOf(row, waiting), row.id));
  }
}

type RowKey = Pick<Mutation, 'entity' | 'tool' | 'id'>;

function moveOf({ entity, tool }: RowKey, { fromId, version }: PendingCarry): KeyMove {
  return { entity, tool, fromId, version };
}

/** The columns that a row waits for, less those that the old row waited for itself; one that the old row did not hold is null. */
function given({ columns, owed }: Kept, { columns: wanted }: PendingCarry): Columns {
  const picked: Columns = {};
  for (const column of wanted) {
    if (owed?.columns.includes(column) !== true) picked[column] = columns[column] ?? null;
  }
  return picked;
}
