import type { Database, RootDatabase } from 'lmdb';
import { ENTITIES, type EntityName, type Tool } from '../../shared/entity.ts';
import { keyText } from './column-values.ts';
import { assertIndexed, soughtText } from './row.ts';
import type { Row } from './store.ts';

/** A key of LMDB holds 1978 bytes, of which an id may take 1800. */
export const KEY_TEXT_BYTES_MAX = 64;
/** Sorts after every text. */
export const AFTER_ALL_TEXTS = Buffer.from([0xff]);

type IndexKey = [column: string, tool: string, value: string, id: string | Buffer];

/**
 * Which rows have a value in an indexed column (Entity.indexes). It is changed in the transaction that changes the row, so the two
 * never differ.
 */
export class EmbeddedIndex {
  readonly #entries: Database<true, IndexKey>;

  constructor(root: RootDatabase) {
    this.#entries = root.openDB<true, IndexKey>({ name: 'column_index' });
  }

  /** Inside of a transaction: the row was `before` and is `after` now; undefined where there is none. */
  change(before: Row | undefined, after: Row | undefined): void {
    const row = after ?? before;
    if (row === undefined) return;
    for (const column of ENTITIES[row.entity].indexes) {
      const [old, now] = [before?.columns[column], after?.columns[column]];
      if (old === now) continue;
      // Removed first: the two may differ in nothing that the index tells.
      if (typeof old === 'string') this.#entries.removeSync(entryKey(row, column, old));
      if (typeof now === 'string') this.#entries.putSync(entryKey(row, column, now), true);
    }
  }

  /** Up to `limit` ids of rows that have the value or one with the same hash, in order, behind the id `after`. */
  async page(
    entity: EntityName,
    tool: Tool,
    column: string,
    value: string,
    { after, limit }: { readonly after: string | undefined; readonly limit: number },
  ): Promise<string[]> {
    assertIndexed(entity, column);
    const row = { entity, tool, id: after ?? '' };
    const start = entryKey(row, column, value);
    const end: IndexKey = [start[0], start[1], start[2], AFTER_ALL_TEXTS];
    const range = this.#entries.getRange({ start, exclusiveStart: after !== undefined, end, limit });
    return await range.map(({ key }) => String(key[3])).asArray;
  }
}

function entryKey(row: Pick<Row, 'entity' | 'tool' | 'id'>, column: string, value: string): IndexKey {
  const sought = soughtText(row.entity, column, value);
  return [`${row.entity}.${column}`, row.tool, keyText(sought, KEY_TEXT_BYTES_MAX), row.id];
}
