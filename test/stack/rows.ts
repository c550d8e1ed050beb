import { Client, type types } from 'cassandra-driver';

const WITHIN_MS = 90_000;
const INTERVAL_MS = 200;

/** Canonical rows as they stand in Cassandra, read past the product's own code. */
export class CanonicalRows {
  readonly #client: Client;
  readonly #keyspace: string;

  constructor(cassandra: string, keyspace: string) {
    this.#client = new Client({ contactPoints: [cassandra], localDataCenter: 'datacenter1' });
    this.#keyspace = keyspace;
  }

  /** Waits until the row is there and as expected; answers it. The few rows of a test are all read, whatever their bucket. */
  async until(
    table: string,
    tool: string,
    id: string,
    expected: (row: types.Row) => boolean,
  ): Promise<types.Row> {
    const deadline = Date.now() + WITHIN_MS;
    let last: types.Row | undefined;
    while (Date.now() < deadline) {
      const { rows } = await this.#client.execute(`SELECT * FROM ${this.#keyspace}.${table}`);
      last = rows.find((row) => row.tool === tool && row.id === id);
      if (last !== undefined && expected(last)) {
        return last;
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
    throw new Error(
      `${table} ${tool} ${id} is not as expected after ${WITHIN_MS / 1000} s: ${JSON.stringify(last)}`,
    );
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }
}
