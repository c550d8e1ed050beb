import type { Database, RootDatabase } from 'lmdb';
import type { Columns } from '../../shared/entity.ts';
import { DestinationError } from '../../shared/errors.ts';
import { compactBigint, ID_BYTES_MAX } from './column-values.ts';
import type { Kept, KeyMove } from './store.ts';

interface Move {
  readonly kept?: Kept;
  readonly waiting?: readonly string[];
}
type MoveKey = [entity: string, tool: string, fromId: string, version: string];

/** Where the two halves of a key move meet. What changes something runs inside of a transaction. */
export class EmbeddedMoves {
  readonly #moves: Database<Move, MoveKey>;

  constructor(root: RootDatabase) {
    this.#moves = root.openDB<Move, MoveKey>({ name: 'key_moves' });
  }

  keep(move: KeyMove, kept: Kept): readonly string[] {
    const key = moveKey(move);
    const before = this.#moves.get(key);
    // The first stays: when the delete half is handled again, the old key's row is a marker already and holds nothing.
    if (before?.kept === undefined) this.#moves.putSync(key, { ...before, kept });
    return before?.waiting ?? [];
  }

  take(move: KeyMove, waitingId: string): Kept | undefined {
    const key = moveKey(move);
    const before = this.#moves.get(key);
    if (before?.kept !== undefined) return { ...before.kept, columns: readColumns(before.kept.columns) };
    this.#moves.putSync(key, { waiting: [...new Set([...(before?.waiting ?? []), waitingId])] });
    return undefined;
  }
}

/** Throws a permanent DestinationError for an id that no row has. */
export function assertMoveFits({ fromId }: KeyMove): void {
  if (Buffer.byteLength(fromId) <= ID_BYTES_MAX) return;
  throw new DestinationError('permanent', `a moved id is longer than a store takes (${ID_BYTES_MAX} bytes)`);
}

function moveKey(move: KeyMove): MoveKey {
  return [move.entity, move.tool, move.fromId, move.version];
}

/** msgpack gives 64-bit integers back as bigint, also those that were safe numbers in a process with another setting. */
export function readColumns(columns: Columns): Columns {
  const entries = Object.entries(columns);
  if (!entries.some(([, value]) => typeof value === 'bigint')) return columns;
  return Object.fromEntries(entries.map(([name, v]) => [name, typeof v === 'bigint' ? compactBigint(v) : v]));
}
