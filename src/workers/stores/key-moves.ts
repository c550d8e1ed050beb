import type { Client, types } from 'cassandra-driver';
import type { Columns } from '../../shared/entity.ts';
import { WRITE_OPTIONS } from './cassandra-client.ts';
import { KEY_MOVES_TABLE, type Statements } from './cassandra-statements.ts';
import { columnsText, readColumnsText } from './cassandra-values.ts';
import type { KeyMove } from './store.ts';

const KEY = 'entity = ? AND tool = ? AND from_id = ? AND version = ?';

/**
 * Where the two halves of a key move meet. Both sides write conditionally, so whichever comes second learns of the first. Rows go by
 * the table's TTL.
 */
export class KeyMoves {
  readonly #client: Client;
  readonly #keepFirst: string;
  readonly #keep: string;
  readonly #take: string;

  constructor(client: Client, statements: Statements) {
    this.#client = client;
    const table = statements.table(KEY_MOVES_TABLE);
    this.#keepFirst = `UPDATE ${table} SET kept = ? WHERE ${KEY} IF kept = null AND waiting_id = null`;
    this.#keep = `UPDATE ${table} SET kept = ? WHERE ${KEY} IF kept = null`;
    this.#take = `UPDATE ${table} SET waiting_id = ? WHERE ${KEY} IF kept = null`;
  }

  async keep(move: KeyMove, columns: Columns): Promise<string | undefined> {
    const kept = columnsText(columns);
    const refusal = await this.#send(this.#keepFirst, kept, move);
    if (refusal === undefined) return undefined;
    const waiting: unknown = refusal.waiting_id;
    // The insert half came first and waits: only then is a second statement needed. What is kept already stays.
    if (refusal.kept === null) await this.#send(this.#keep, kept, move);
    return typeof waiting === 'string' ? waiting : undefined;
  }

  async take(move: KeyMove, waitingId: string): Promise<Columns | undefined> {
    const refusal = await this.#send(this.#take, waitingId, move);
    const kept: unknown = refusal?.kept;
    return typeof kept === 'string' ? readColumnsText(move.entity, kept) : undefined;
  }

  /** The row as the refusal shows it; undefined if the statement was applied. */
  async #send(query: string, value: string, move: KeyMove): Promise<types.Row | undefined> {
    const params = [value, move.entity, move.tool, move.fromId, move.version];
    const result = await this.#client.execute(query, params, WRITE_OPTIONS);
    return result.wasApplied() ? undefined : result.first();
  }
}
