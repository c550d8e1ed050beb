import type { Database, RootDatabase } from 'lmdb';
import type { EntityName, Tool } from '../../shared/entity.ts';
import { keyText } from './column-values.ts';
import { AFTER_ALL_TEXTS, KEY_TEXT_BYTES_MAX } from './embedded-index.ts';
import type { RowKey, Truncation } from './store.ts';

const DAY_MS = 24 * 3600 * 1000;
/** A reference that has not come by then is not waited for any longer. */
const WAITING_KEEP_MS = 30 * DAY_MS;

type WaitingKey = [reference: string, entity: EntityName | Buffer, tool: Tool, id: string];
type TruncationKey = [entity: EntityName, tool: Tool, facet: string];

/** Rows by the references that they wait for. What changes something runs inside of a transaction. */
export class EmbeddedWaiting {
  /** Since when, ms. */
  readonly #rows: Database<number, WaitingKey>;

  constructor(root: RootDatabase) {
    this.#rows = root.openDB<number, WaitingKey>({ name: 'waiting_rows' });
  }

  add(reference: string, row: RowKey): void {
    this.#rows.putSync(waitingKey(reference, row), Date.now());
  }

  remove(reference: string, row: RowKey): void {
    this.#rows.removeSync(waitingKey(reference, row));
  }

  async of(reference: string): Promise<RowKey[]> {
    const name = keyText(reference, KEY_TEXT_BYTES_MAX);
    // Parts of a key that are left out sort before every value.
    const [start, end] = [[name], [name, AFTER_ALL_TEXTS]] as unknown as [WaitingKey, WaitingKey];
    const range = this.#rows.getRange({ start, end });
    return await range.map(({ key }) => rowOf(key)).asArray;
  }

  async *all(): AsyncGenerator<{ readonly reference: string; readonly row: RowKey }> {
    for (const { key } of await this.#rows.getRange().asArray) yield { reference: key[0], row: rowOf(key) };
  }

  /** What has waited too long. */
  async old(now: number): Promise<readonly (() => void)[]> {
    const since = now - WAITING_KEEP_MS;
    const range = this.#rows.getRange().filter(({ value }) => value < since);
    return await range.map(
      ({ key }) =>
        () =>
          this.#rows.removeSync(key),
    ).asArray;
  }
}

function waitingKey(reference: string, { entity, tool, id }: RowKey): WaitingKey {
  return [keyText(reference, KEY_TEXT_BYTES_MAX), entity, tool, id];
}

function rowOf([, entity, tool, id]: WaitingKey): RowKey {
  return { entity: String(entity) as EntityName, tool, id };
}

/** The newest truncate of every table. */
export class EmbeddedTruncations {
  readonly #versions: Database<string, TruncationKey>;

  constructor(root: RootDatabase) {
    this.#versions = root.openDB<string, TruncationKey>({ name: 'truncations' });
  }

  /** Inside of a transaction. */
  keep({ entity, tool, facet, version }: Truncation): void {
    const known = this.#versions.get([entity, tool, facet]);
    if (known === undefined || known < version) this.#versions.putSync([entity, tool, facet], version);
  }

  async all(): Promise<Truncation[]> {
    const range = this.#versions.getRange();
    return await range.map(({ key: [entity, tool, facet], value }) => ({
      entity,
      tool,
      facet,
      version: value,
    })).asArray;
  }
}
