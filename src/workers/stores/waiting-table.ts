import type { Client } from 'cassandra-driver';
import type { EntityName, Tool } from '../../shared/entity.ts';
import { READ_OPTIONS } from './cassandra-client.ts';
import { attempt } from './cassandra-errors.ts';
import type { Statement, Statements } from './cassandra-statements.ts';
import { keyText } from './column-values.ts';
import { sendAll } from './send-all.ts';
import type { RowKey } from './store.ts';

export const WAITING_TABLE = 'waiting_rows';
/** Of a reference's name: Cassandra takes 65535 bytes in a partition key. */
const REFERENCE_BYTES_MAX = 4096;
const PAGE = 1000;

/** Rows by the references that they wait for: a partition for each reference. Rows go by the table's TTL. */
export class WaitingTable {
  readonly #client: Client;
  readonly #add: string;
  readonly #remove: string;
  readonly #of: string;
  readonly #all: string;

  constructor(client: Client, statements: Statements) {
    this.#client = client;
    const table = statements.table(WAITING_TABLE);
    this.#add = `INSERT INTO ${table} (reference, entity, tool, id) VALUES (?, ?, ?, ?)`;
    this.#remove = `DELETE FROM ${table} WHERE reference = ? AND entity = ? AND tool = ? AND id = ?`;
    this.#all = `SELECT reference, entity, tool, id FROM ${table}`;
    this.#of = `SELECT entity, tool, id FROM ${table} WHERE reference = ?`;
  }

  async add(waiting: readonly { readonly reference: string; readonly row: RowKey }[]): Promise<void> {
    const byReference = new Map<string, Statement[]>();
    for (const { reference, row } of waiting) {
      const name = keyText(reference, REFERENCE_BYTES_MAX);
      const statements = byReference.get(name) ?? [];
      statements.push({ query: this.#add, params: [name, row.entity, row.tool, row.id] });
      byReference.set(name, statements);
    }
    await sendAll(this.#client, [...byReference.values()]);
  }

  async remove(reference: string, rows: readonly RowKey[]): Promise<void> {
    const name = keyText(reference, REFERENCE_BYTES_MAX);
    const statements = rows.map(({ entity, tool, id }) => ({
      query: this.#remove,
      params: [name, entity, tool, id],
    }));
    await sendAll(this.#client, [statements]);
  }

  async *all(): AsyncGenerator<{ readonly reference: string; readonly row: RowKey }> {
    const options = { ...READ_OPTIONS, fetchSize: PAGE };
    const result = await attempt('read of waiting rows', () => this.#client.execute(this.#all, [], options));
    for await (const { reference, ...row } of result) yield { reference: String(reference), row: keyOf(row) };
  }

  async of(reference: string): Promise<RowKey[]> {
    const rows: RowKey[] = [];
    const name = keyText(reference, REFERENCE_BYTES_MAX);
    const result = await this.#client.execute(this.#of, [name], { ...READ_OPTIONS, fetchSize: PAGE });
    for await (const row of result) rows.push(keyOf(row));
    return rows;
  }
}

function keyOf({ entity, tool, id }: { readonly [column: string]: unknown }): RowKey {
  return { entity: String(entity) as EntityName, tool: String(tool) as Tool, id: String(id) };
}
