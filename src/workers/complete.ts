import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Columns } from '../shared/entity.ts';
import type { Count } from './batch-stages.ts';
import { RuleFollower } from './follow-rules.ts';
import { KnownInBatch, type LookUp, type Patiently } from './look-up.ts';
import { type ReferenceKey, referenceName } from './reference.ts';
import { isSameValue } from './stores/column-values.ts';
import { completed, isCompletable, rowName } from './stores/row.ts';
import type { Row, RowKey, Store } from './stores/store.ts';

/** A row that the completion changed. */
export interface CompletedRow {
  readonly before: Row;
  readonly row: Row;
}

/** A row with the columns that differ from what it refers to. */
interface Due {
  readonly row: Row;
  readonly columns: Columns;
}

const ROWS_AT_ONCE = 200;
const WRITES_AT_ONCE = 16;
const ROUNDS_MAX = 5;
/** Rows of which a worker remembers what they wait for, and for how long: well below the time that the store does. */
const NOTED_MAX = 50_000;
const NOTED_MS = 24 * 3600 * 1000;
const RACE_PAUSE_MS = 20;

/**
 * Brings stored rows up to date with the rows that they refer to, by compare-and-set on the row as it was read. Whoever changes a
 * reference does this for all rows that refer to it, and whoever writes a row for that row, each after its own write and with
 * nothing from a cache: the later of the two sees what the other has written, so that a row ends complete whatever comes first.
 */
export class Completer {
  readonly #store: Store;
  readonly #lookUp: LookUp;
  readonly #patiently: Patiently;
  readonly #count: Count;
  /** What this worker has noted in the list of waiting rows. */
  readonly #noted = new LRUCache<string, true>({ max: NOTED_MAX, ttl: NOTED_MS });

  constructor(store: Store, lookUp: LookUp, patiently: Patiently, count: Count) {
    this.#count = count;
    this.#store = store;
    this.#lookUp = lookUp;
    this.#patiently = patiently;
  }

  /**
   * Whether a row that was enriched without these references (none: with some that may grow; undefined: with all) has to be looked at
   * once it is written. Not if it waits for all of them already: whoever brings one of them completes it.
   */
  isDue(row: RowKey, missing: readonly string[] | undefined): boolean {
    if (missing === undefined) return false;
    return missing.length === 0 || !missing.every((reference) => this.#noted.has(notedName(reference, row)));
  }

  /** Completes rows; answers those that it changed, in the end `all`, as they are now. Rows that are gone are left alone. */
  async *complete(keys: readonly RowKey[], all = false): AsyncGenerator<CompletedRow> {
    for (let at = 0; at < keys.length; at += ROWS_AT_ONCE) {
      const together = keys.slice(at, at + ROWS_AT_ONCE);
      let open: readonly RowKey[] = together;
      // Rows whose write failed and may have been made all the same.
      const doubtful = new Set<string>();
      for (let round = 0; open.length > 0; round += 1) {
        // The first two rounds: one that changes, one that looks whether anything has changed meanwhile.
        if (round > 1) await pause(Math.random() * RACE_PAUSE_MS);
        const rows = await this.#read(open);
        const { changed, again } = await this.#completeRows(rows, doubtful);
        yield* changed;
        const left = new Set(again.map(rowName));
        for (const row of rows) {
          if (doubtful.has(rowName(row)) && !left.has(rowName(row))) yield { before: row, row };
        }
        open = again;
      }
      if (all) for (const row of await this.#read(together)) yield { before: row, row };
    }
  }

  async #read(keys: readonly RowKey[]): Promise<Row[]> {
    const groups = new Map<string, RowKey[]>();
    for (const key of keys) {
      const name = `${key.entity}|${key.tool}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [key]);
      else group.push(key);
    }
    const rows: Row[] = [];
    for (const group of groups.values()) {
      const [first] = group;
      if (first === undefined) continue;
      const ids = group.map(({ id }) => id);
      const read = await this.#patiently(() => this.#store.read(first.entity, first.tool, ids));
      for (const row of read.values()) if (isCompletable(row)) rows.push(row);
    }
    return rows;
  }

  /** `again`: rows that have to be looked at once more, because they were changed now, by this or by somebody else. */
  async #completeRows(
    rows: readonly Row[],
    doubtful: Set<string>,
  ): Promise<{ readonly changed: CompletedRow[]; readonly again: RowKey[] }> {
    const changed: CompletedRow[] = [];
    const again: RowKey[] = [];
    const turn = pLimit(WRITES_AT_ONCE);
    const complete = async ({ row, columns }: Due): Promise<void> => {
      let failed = false;
      const applied = await this.#patiently(async () => {
        try {
          return await this.#complete(row, columns);
        } catch (error) {
          failed = true;
          throw error;
        }
      });
      if (applied) {
        doubtful.delete(rowName(row));
        changed.push({ before: row, row: completed(row, columns) });
        this.#count(`completedRows:${row.entity}`);
      } else if (failed) doubtful.add(rowName(row));
      again.push(row);
    };
    const due = await this.#due(rows);
    await Promise.all(due.map((one) => turn(() => complete(one))));
    return { changed, again };
  }

  async #complete(row: Row, columns: Columns): Promise<boolean> {
    const { entity, tool, id } = row;
    const listed = row.columns.organisation_id;
    if (entity === 'device' && columns.organisation_id !== undefined && typeof listed === 'string')
      await this.#store.unlistDevice(tool, listed, id);
    return await this.#store.complete(row, columns);
  }

  /** The rows that differ from what they refer to. */
  async #due(rows: readonly Row[]): Promise<Due[]> {
    const known = new KnownInBatch();
    const follower = new RuleFollower(known);
    await this.#followAll(rows, follower, known);
    const waiting = rows.flatMap((row) => {
      follower.follow(row, {}, true);
      return follower.missing.map((reference) => ({ reference, row }));
    });
    if (waiting.length > 0) {
      // Said first, looked at again afterwards: a reference that comes between the two is seen, one that comes later finds the row.
      const named = waiting.map(({ reference, row: { entity, tool, id } }) => ({
        reference: referenceName(reference),
        row: { entity, tool, id },
      }));
      await this.#patiently(() => this.#store.addWaiting(named));
      for (const { reference, row } of named) this.#noted.set(notedName(reference, row), true);
      this.#count('waitingRows', named.length);
      known.forgetMissing();
      await this.#followAll(rows, follower, known);
      // What has come in between is not waited for: nobody else may know of the row, so that its later changes look for themselves.
      for (const { reference, row } of waiting)
        if (known.get(reference, reference.value) !== null)
          this.#noted.delete(notedName(referenceName(reference), row));
    }
    return rows.flatMap((row) => {
      const filled: Columns = {};
      follower.follow(row, filled, true);
      const columns = differing(row.columns, filled);
      return columns === undefined ? [] : [{ row, columns }];
    });
  }

  async #followAll(rows: readonly Row[], follower: RuleFollower, known: KnownInBatch): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      for (const row of rows) follower.follow(row, {}, true);
      const unknown: readonly ReferenceKey[] = follower.unknown.splice(0);
      if (unknown.length === 0) return;
      await this.#lookUp.find(unknown, known, true);
    }
  }
}

function notedName(reference: string, row: RowKey): string {
  return `${reference}\n${rowName(row)}`;
}

function differing(stored: Columns, filled: Columns): Columns | undefined {
  let columns: Columns | undefined;
  for (const [column, value] of Object.entries(filled)) {
    if (isSameValue(stored[column] ?? null, value)) continue;
    columns ??= {};
    columns[column] = value;
  }
  return columns;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
