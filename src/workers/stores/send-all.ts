import type { Client } from 'cassandra-driver';
import pLimit from 'p-limit';
import { PLAIN_WRITE_OPTIONS } from './cassandra-client.ts';
import type { Statement } from './cassandra-statements.ts';

const STATEMENTS_MAX = 32;
const BATCHES_AT_ONCE_MAX = 16;

/** Sends plain idempotent statements: each list is about one partition and goes as unlogged batches, one after another. */
export async function sendAll(client: Client, byPartition: readonly (readonly Statement[])[]): Promise<void> {
  const turn = pLimit(BATCHES_AT_ONCE_MAX);
  const send = async (statements: readonly Statement[]): Promise<void> => {
    for (let from = 0; from < statements.length; from += STATEMENTS_MAX)
      await client.batch(statements.slice(from, from + STATEMENTS_MAX), PLAIN_WRITE_OPTIONS);
  };
  await Promise.all(byPartition.map((statements) => turn(() => send(statements))));
}
