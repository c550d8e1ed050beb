import { type Database, open, type RootDatabase } from 'lmdb';
import { type Columns, ENTITIES, ENTITY_NAMES, type EntityName, type Tool } from '../../shared/entity.ts';
import { DependencyError, DestinationError, messageOf } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import type { EmbeddedSettings } from '../../shared/settings.ts';
import { compactBigint, ID_BYTES_MAX, storedMutation } from './column-values.ts';
import { applyCarried, applyMutation, bucketOfId } from './row.ts';
import type { Kept, KeyMove, PendingCarry, Row, Store } from './store.ts';

/** Everything of a row but what its key says; of a marker also when it became one, ms. */
type Value = Omit<Row, 'entity' | 'tool' | 'id'> & { readonly deletedAt?: number };
type RowKey = [tool: Tool, id: string];
interface Move {
  readonly kept?: Kept;
  readonly waiting?: readonly string[];
}
type MoveKey = [entity: string, tool: string, fromId: string, version: string];

const SCAN_PAGE = 1000;

/** msgpack gives 64-bit integers back as bigint, also those that were safe numbers in a process with another setting. */
function readColumns(columns: Columns): Columns {
  const entries = Object.entries(columns);
  if (!entries.some(([, value]) => typeof value === 'bigint')) return columns;
  return Object.fromEntries(entries.map(([name, v]) => [name, typeof v === 'bigint' ? compactBigint(v) : v]));
}

/**
 * Canonical state in an LMDB environment, shared by every worker thread and by other processes (`export` beside a running `run`).
 * LMDB has one writer at a time across all of them, and a reader sees whole transactions only.
 */
export class EmbeddedStore implements Store {
  readonly #buckets: number;
  readonly #root: RootDatabase;
  readonly #tables: ReadonlyMap<EntityName, Database<Value, RowKey>>;
  readonly #moves: Database<Move, MoveKey>;
  readonly #probes: Database<number, string>;

  constructor(settings: EmbeddedSettings) {
    this.#buckets = settings.buckets;
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
        ENTITY_NAMES.map((name) => [name, this.#root.openDB<Value, RowKey>({ name: ENTITIES[name].table })]),
      );
      this.#moves = this.#root.openDB<Move, MoveKey>({ name: 'key_moves' });
      this.#probes = this.#root.openDB<number, string>({ name: 'probes' });
    } catch (error) {
      throw new DependencyError(`cannot open the embedded store at ${settings.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  bucketOf(id: string): number {
    return bucketOfId(id, this.#buckets);
  }

  async write(mutations: readonly Mutation[]): Promise<WriteOutcome[]> {
    const stored = mutations.map(storedMutation);
    return await this.#transaction(() => stored.map((mutation) => this.#apply(mutation)));
  }

  #apply(mutation: Mutation): WriteOutcome {
    const { entity, tool, id } = mutation;
    const { outcome, row } = applyMutation(this.#get(entity, tool, id), mutation);
    if (outcome === 'written') this.#put(row);
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

  async keepMoved(move: KeyMove, kept: Kept): Promise<readonly string[]> {
    const key = this.#moveKey(move);
    return await this.#transaction(() => {
      const before = this.#moves.get(key);
      // The first stays: when the delete half is handled again, the old key's row is a marker already and holds nothing.
      if (before?.kept === undefined) this.#moves.putSync(key, { ...before, kept });
      return before?.waiting ?? [];
    });
  }

  async takeMoved(move: KeyMove, waitingId: string): Promise<Kept | undefined> {
    const key = this.#moveKey(move);
    return await this.#transaction(() => {
      const before = this.#moves.get(key);
      if (before?.kept !== undefined) {
        return { ...before.kept, columns: readColumns(before.kept.columns) };
      }
      this.#moves.putSync(key, { waiting: [...new Set([...(before?.waiting ?? []), waitingId])] });
      return undefined;
    });
  }

  async fillCarried(id: string, move: KeyMove, columns: Columns, next?: PendingCarry): Promise<void> {
    await this.#transaction(() => {
      const filled = applyCarried(this.#get(move.entity, move.tool, id), move, columns, next);
      if (filled !== undefined) this.#put(filled);
    });
  }

  async *scan(entity: EntityName): AsyncIterable<Row> {
    const table = this.#table(entity);
    let start: RowKey | undefined;
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

  /** Removes markers that are older than this time, ms. */
  async purge(before: number): Promise<void> {
    const isOld = (value: Value | undefined): boolean =>
      value?.deletedAt !== undefined && value.deletedAt < before;
    for (const table of this.#tables.values()) {
      // Found outside of the transaction, which would keep every other writer waiting; looked at again inside.
      const marked = table.getRange().filter(({ value }) => isOld(value));
      const old = await marked.map(({ key }) => key).asArray;
      if (old.length === 0) continue;
      await this.#transaction(() => {
        for (const key of old) if (isOld(table.get(key))) table.removeSync(key);
      });
    }
  }

  #table(entity: EntityName): Database<Value, RowKey> {
    const table = this.#tables.get(entity);
    if (table === undefined) throw new Error(`invariant broken: no table of ${entity}`);
    return table;
  }

  #moveKey(move: KeyMove): MoveKey {
    if (Buffer.byteLength(move.fromId) > ID_BYTES_MAX) {
      throw new DestinationError(
        'permanent',
        `a moved id is longer than a store takes (${ID_BYTES_MAX} bytes)`,
      );
    }
    return [move.entity, move.tool, move.fromId, move.version];
  }

  #get(entity: EntityName, tool: Tool, id: string): Row | undefined {
    // LMDB throws on a key that is too long; no row has one.
    if (Buffer.byteLength(id) > ID_BYTES_MAX) return undefined;
    const value = this.#table(entity).get([tool, id]);
    return value === undefined ? undefined : this.#row(entity, [tool, id], value);
  }

  #row(entity: EntityName, key: RowKey, value: Value): Row {
    const [tool, id] = key;
    const { deletedAt: _, columns, ...rest } = value;
    return { entity, tool, id, ...rest, columns: readColumns(columns) };
  }

  #put(row: Row): void {
    const { entity, tool, id, ...value } = row;
    this.#table(entity).putSync([tool, id], row.deleted ? { ...value, deletedAt: Date.now() } : value);
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
