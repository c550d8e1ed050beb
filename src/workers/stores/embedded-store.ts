import { type Database, open, type RootDatabase } from 'lmdb';
import {
  type Columns,
  ENTITIES,
  ENTITY_NAMES,
  type EntityName,
  TOOLS,
  type Tool,
} from '../../shared/entity.ts';
import { DependencyError, DestinationError, messageOf } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import type { EmbeddedSettings } from '../../shared/settings.ts';
import { ID_BYTES_MAX, indexedText, storedColumns, storedMutation } from './column-values.ts';
import { EmbeddedIndex } from './embedded-index.ts';
import { assertMoveFits, EmbeddedMoves, readColumns } from './embedded-moves.ts';
import { EmbeddedTruncations, EmbeddedWaiting } from './embedded-waiting.ts';
import { applyCarried, applyCompletion, applyMutation, bucketOfId, soughtText } from './row.ts';
import type { Kept, KeyMove, PendingCarry, Row, RowKey, Store, Truncation } from './store.ts';

/** Everything of a row but what its key says; of a marker also when it became one, of history when it was written, ms. */
type Value = Omit<Row, 'entity' | 'tool' | 'id'> & {
  readonly deletedAt?: number;
  readonly writtenAt?: number;
};
type TableKey = [tool: Tool, id: string];

const SCAN_PAGE = 1000;

/**
 * Canonical state in an LMDB environment, shared by every worker thread and by other processes (`export` beside a running `run`).
 * LMDB has one writer at a time across all of them, and a reader sees whole transactions only.
 */
export class EmbeddedStore implements Store {
  readonly #settings: EmbeddedSettings;
  readonly #root: RootDatabase;
  readonly #tables: ReadonlyMap<EntityName, Database<Value, TableKey>>;
  readonly #moves: EmbeddedMoves;
  readonly #index: EmbeddedIndex;
  readonly #waiting: EmbeddedWaiting;
  readonly #truncations: EmbeddedTruncations;
  readonly #probes: Database<number, string>;

  constructor(settings: EmbeddedSettings) {
    this.#settings = settings;
    try {
      // noSync: a kill -9 loses nothing, because what LMDB has handed to the kernel outlives the process; only a crash of the
      // machine can lose or tear it, which the embedded store does not promise to survive (replay the topics).
      this.#root = open({
        path: settings.path,
        noSync: true,
        overlappingSync: false,
        maxDbs: 64,
        noSubdir: false,
      });
      this.#tables = new Map(
        ENTITY_NAMES.map((name) => [
          name,
          this.#root.openDB<Value, TableKey>({ name: ENTITIES[name].table }),
        ]),
      );
      this.#moves = new EmbeddedMoves(this.#root);
      this.#index = new EmbeddedIndex(this.#root);
      this.#waiting = new EmbeddedWaiting(this.#root);
      this.#truncations = new EmbeddedTruncations(this.#root);
      this.#probes = this.#root.openDB<number, string>({ name: 'probes' });
    } catch (error) {
      throw new DependencyError(`cannot open the embedded store at ${settings.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  bucketOf(id: string): number {
    return bucketOfId(id, this.#settings.buckets);
  }

  async write(mutations: readonly Mutation[]): Promise<WriteOutcome[]> {
    const stored = mutations.map(storedMutation);
    return await this.#transaction(() => stored.map((mutation) => this.#apply(mutation)));
  }

  #apply(mutation: Mutation): WriteOutcome {
    const { entity, tool, id } = mutation;
    const before = this.#get(entity, tool, id);
    const { outcome, row } = applyMutation(before, mutation);
    if (outcome === 'written') this.#put(before, row);
    return outcome;
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    // Another thread or process may have committed since this event turn's read transaction began.
    this.#root.resetReadTxn();
    const rows = new Map<string, Row>();
    for (const id of ids) {
      const row = this.#get(entity, tool, id);
      if (row !== undefined) rows.set(id, row);
    }
    return rows;
  }

  async readWritten(mutations: readonly Mutation[]): Promise<Map<string, Row>> {
    const [first] = mutations;
    const ids = mutations.map(({ id }) => id);
    return first === undefined ? new Map() : await this.read(first.entity, first.tool, ids);
  }

  async keepMoved(move: KeyMove, kept: Kept): Promise<readonly string[]> {
    assertMoveFits(move);
    return await this.#transaction(() => this.#moves.keep(move, kept));
  }

  async takeMoved(move: KeyMove, waitingId: string): Promise<Kept | undefined> {
    assertMoveFits(move);
    return await this.#transaction(() => this.#moves.take(move, waitingId));
  }

  async fillCarried(id: string, move: KeyMove, columns: Columns, next?: PendingCarry): Promise<void> {
    await this.#transaction(() => {
      const before = this.#get(move.entity, move.tool, id);
      const filled = applyCarried(before, move, columns, next);
      if (filled !== undefined) this.#put(before, filled);
    });
  }

  async *find(entity: EntityName, tool: Tool | null, column: string, value: string): AsyncIterable<Row> {
    for (const one of tool === null ? TOOLS : [tool])
      yield* this.#find(entity, one, column, indexedText(value));
  }

  async *#find(entity: EntityName, tool: Tool, column: string, text: string): AsyncIterable<Row> {
    const sought = soughtText(entity, column, text);
    let after: string | undefined;
    do {
      // In pages and each page as it is now, like `scan`.
      this.#root.resetReadTxn();
      const ids = await this.#index.page(entity, tool, column, text, { after, limit: SCAN_PAGE });
      for (const row of (await this.read(entity, tool, ids)).values())
        if (soughtText(entity, column, String(row.columns[column] ?? '')) === sought) yield row;
      after = ids.length === SCAN_PAGE ? ids.at(-1) : undefined;
    } while (after !== undefined);
  }

  async complete(seen: Row, columns: Columns): Promise<boolean> {
    const { entity, tool, id } = seen;
    const stored = storedColumns(entity, columns);
    return await this.#transaction(() => {
      const before = this.#get(entity, tool, id);
      const completed = applyCompletion(before, seen, stored);
      if (completed !== undefined) this.#put(before, completed);
      return completed !== undefined;
    });
  }

  async addWaiting(waiting: readonly { readonly reference: string; readonly row: RowKey }[]): Promise<void> {
    if (waiting.length === 0) return;
    await this.#transaction(() => {
      for (const { reference, row } of waiting) this.#waiting.add(reference, row);
    });
  }

  async waiting(reference: string): Promise<readonly RowKey[]> {
    this.#root.resetReadTxn();
    return await this.#waiting.of(reference);
  }

  everyWaiting(): AsyncIterable<{ readonly reference: string; readonly row: RowKey }> {
    this.#root.resetReadTxn();
    return this.#waiting.all();
  }

  async removeWaiting(reference: string, rows: readonly RowKey[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#transaction(() => {
      for (const row of rows) this.#waiting.remove(reference, row);
    });
  }

  async keepTruncation(truncation: Truncation): Promise<void> {
    await this.#transaction(() => this.#truncations.keep(truncation));
  }

  async truncations(): Promise<readonly Truncation[]> {
    this.#root.resetReadTxn();
    return await this.#truncations.all();
  }

  // Who wants all devices of an organisation finds them by the index.
  listDevice(): Promise<void> {
    return Promise.resolve();
  }

  unlistDevice(): Promise<void> {
    return Promise.resolve();
  }

  async *scan(entity: EntityName): AsyncIterable<Row> {
    const table = this.#table(entity);
    let start: TableKey | undefined;
    for (;;) {
      // As in `read`: each page shows what was committed when it is asked for.
      this.#root.resetReadTxn();
      // In pages, so that a slow reader does not hold a transaction open, which would keep LMDB from reusing pages.
      const from = start === undefined ? {} : { start, exclusiveStart: true };
      const page = table.getRange({ ...from, limit: SCAN_PAGE }).asArray;
      const entries = await page;
      for (const { key, value } of entries) yield this.#row(entity, key, value);
      start = entries.at(-1)?.key;
      if (start === undefined || entries.length < SCAN_PAGE) return;
    }
  }

  async probe(): Promise<void> {
    await this.#transaction(() => {
      this.#probes.putSync('probe', Date.now());
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** Removes what has been kept for its time: markers, history, rows that wait in vain. */
  async purge(now: number): Promise<void> {
    for (const [entity, table] of this.#tables) {
      // Found outside of the transaction, which would keep every other writer waiting; looked at again inside.
      const found = table.getRange().filter(({ value }) => this.#isOld(value, now));
      const old = await found.map(({ key }) => key).asArray;
      if (old.length === 0) continue;
      await this.#transaction(() => {
        for (const key of old) {
          const value = table.get(key);
          if (value === undefined || !this.#isOld(value, now)) continue;
          table.removeSync(key);
          this.#index.change(this.#row(entity, key, value), undefined);
        }
      });
    }
    const waited = await this.#waiting.old(now);
    if (waited.length > 0) await this.#transaction(() => waited.forEach((remove) => void remove()));
  }

  #isOld({ deletedAt, writtenAt }: Value, now: number): boolean {
    const { deletedKeepSeconds, historyKeepSeconds } = this.#settings;
    if (deletedAt !== undefined) return deletedAt < now - deletedKeepSeconds * 1000;
    return writtenAt !== undefined && writtenAt < now - historyKeepSeconds * 1000;
  }

  #table(entity: EntityName): Database<Value, TableKey> {
    const table = this.#tables.get(entity);
    if (table === undefined) throw new Error(`invariant broken: no table of ${entity}`);
    return table;
  }

  #get(entity: EntityName, tool: Tool, id: string): Row | undefined {
    // LMDB throws on a key that is too long; no row has one.
    if (Buffer.byteLength(id) > ID_BYTES_MAX) return undefined;
    const value = this.#table(entity).get([tool, id]);
    return value === undefined ? undefined : this.#row(entity, [tool, id], value);
  }

  #row(entity: EntityName, key: TableKey, value: Value): Row {
    const [tool, id] = key;
    const { deletedAt: _, writtenAt: __, columns, ...rest } = value;
    return { entity, tool, id, ...rest, columns: readColumns(columns) };
  }

  /** Inside of a transaction. */
  #put(before: Row | undefined, row: Row): void {
    const { entity, tool, id, ...value } = row;
    const now = Date.now();
    const times = {
      ...(row.deleted ? { deletedAt: now } : {}),
      ...(ENTITIES[entity].history ? { writtenAt: now } : {}),
    };
    this.#table(entity).putSync([tool, id], { ...value, ...times });
    this.#index.change(before, row);
  }

  async #transaction<T>(action: () => T): Promise<T> {
    try {
      return await this.#root.transaction(action);
    } catch (error) {
      // Whatever LMDB refuses (a full disk, a lost mapping) is about the environment, never about one row: keys are checked before.
      throw new DestinationError('outage', `the embedded store failed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
