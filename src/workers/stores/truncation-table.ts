import type { Client } from 'cassandra-driver';
import type { EntityName, Tool } from '../../shared/entity.ts';
import { DestinationError } from '../../shared/errors.ts';
import { READ_OPTIONS, WRITE_OPTIONS } from './cassandra-client.ts';
import type { Statements } from './cassandra-statements.ts';
import type { Truncation } from './store.ts';

export const TRUNCATIONS_TABLE = 'truncations';
/** All rows are in one partition: there are as many as there are source tables that were ever truncated. */
const SCOPE = 'all';
const ROUNDS_MAX = 8;

/** The newest truncate of every table. */
export class TruncationTable {
  readonly #client: Client;
  readonly #first: string;
  readonly #newer: string;
  readonly #all: string;

  constructor(client: Client, statements: Statements) {
    this.#client = client;
    const table = statements.table(TRUNCATIONS_TABLE);
    const update = `UPDATE ${table} SET version = ? WHERE scope = ? AND entity = ? AND tool = ? AND facet = ?`;
    // As for rows: no condition says "older or missing".
    this.#first = `${update} IF version = null`;
    this.#newer = `${update} IF version < ?`;
    this.#all = `SELECT entity, tool, facet, version FROM ${table} WHERE scope = ?`;
  }

  async keep({ entity, tool, facet, version }: Truncation): Promise<void> {
    const params = [version, SCOPE, entity, tool, facet];
    let known = false;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const result = known
        ? await this.#client.execute(this.#newer, [...params, version], WRITE_OPTIONS)
        : await this.#client.execute(this.#first, params, WRITE_OPTIONS);
      if (result.wasApplied()) return;
      const there: unknown = result.first()?.version;
      if (typeof there === 'string' && there >= version) return;
      known = typeof there === 'string';
    }
    throw new DestinationError('transient', `a truncate was refused ${ROUNDS_MAX} times in a row`);
  }

  async all(): Promise<Truncation[]> {
    const options = { ...READ_OPTIONS, fetchSize: 0 };
    const { rows } = await this.#client.execute(this.#all, [SCOPE], options);
    return rows.map((row) => ({
      entity: String(row.entity) as EntityName,
      tool: String(row.tool) as Tool,
      facet: String(row.facet),
      version: String(row.version),
    }));
  }
}
