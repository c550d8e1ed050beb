import type { Client, types } from 'cassandra-driver';
import { SERIAL_READ_OPTIONS, WRITE_OPTIONS } from './cassandra-client.ts';
import { KEY_MOVES_TABLE, type Statements } from './cassandra-statements.ts';
import { carryText, columnsText, readCarry, readColumnsText } from './cassandra-values.ts';
import type { Kept, KeyMove } from './store.ts';

const KEY = 'entity = ? AND tool = ? AND from_id = ? AND version = ?';

/**
 * Where the two halves of a key move meet. Both sides write conditionally, so whichever comes second learns of the first. Rows go by
 * the table's TTL.
 */
export class MoveTable {
  readonly #client: Client;
  readonly #keep: string;
  readonly #take: string;
  readonly #waiting: string;

  constructor(client: Client, statements: Statements) {
    this.#client = client;
    const table = statements.table(KEY_MOVES_TABLE);
    this.#keep = `UPDATE ${table} SET kept = ?, owed = ? WHERE ${KEY} IF kept = null`;
    // The refusal shows the columns of the condition: `owed` is in it to be shown.
    this.#take = `UPDATE ${table} SET waiting = waiting + ? WHERE ${KEY} IF kept = null AND owed = null`;
    this.#waiting = `SELECT waiting FROM ${table} WHERE ${KEY}`;
  }

  async keep(move: KeyMove, { columns, owed }: Kept): Promise<readonly string[]> {
    // What is kept already stays. From here on nobody begins to wait, so the reading finds everybody who does.
    await this.#send(this.#keep, [columnsText(columns), carryText(owed)], move);
    const result = await this.#client.execute(this.#waiting, keyOf(move), SERIAL_READ_OPTIONS);
    const waiting: unknown = result.first()?.waiting;
    return Array.isArray(waiting) ? waiting.map(String) : [];
  }

  async take(move: KeyMove, waitingId: string): Promise<Kept | undefined> {
    const refusal = await this.#send(this.#take, [[waitingId]], move);
    const kept: unknown = refusal?.kept;
    if (typeof kept !== 'string') return undefined;
    const owed = readCarry(refusal?.owed);
    return { columns: readColumnsText(move.entity, kept), ...(owed === undefined ? {} : { owed }) };
  }

  /** The row as the refusal shows it; undefined if the statement was applied. */
  async #send(query: string, values: readonly unknown[], move: KeyMove): Promise<types.Row | undefined> {
    const result = await this.#client.execute(query, [...values, ...keyOf(move)], WRITE_OPTIONS);
    return result.wasApplied() ? undefined : result.first();
  }
}

function keyOf({ entity, tool, fromId, version }: KeyMove): unknown[] {
  return [entity, tool, fromId, version];
}
