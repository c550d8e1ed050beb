import type { Client } from 'cassandra-driver';
import type { CassandraSettings } from '../shared/settings.ts';
import { createClient } from '../workers/stores/cassandra-client.ts';
import { cassandraFailure } from '../workers/stores/cassandra-errors.ts';
import { planFor, type SchemaPlan } from '../workers/stores/cassandra-schema.ts';

/** The driver waits for all nodes to agree after each statement, which on a real cluster takes longer than a write may. */
const DDL_TIMEOUT_MS = 60_000;

/** What `schema apply` would do, and what it cannot mend. */
export async function planSchema(settings: CassandraSettings): Promise<SchemaPlan> {
  return await withClient(settings, 'reading of the schema', (client) => planFor(client, settings));
}

/** Makes what is missing and answers what was done, with the problems that are left. Safe to run by several at once. */
export async function applySchema(settings: CassandraSettings): Promise<SchemaPlan> {
  return await withClient(settings, 'changing of the schema', async (client) => {
    const plan = await planFor(client, settings);
    for (const { cql } of plan.changes) await client.execute(cql, [], { prepare: false });
    return plan;
  });
}

async function withClient<T>(
  settings: CassandraSettings,
  doing: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const requestTimeoutMs = Math.max(settings.requestTimeoutMs, DDL_TIMEOUT_MS);
  const client = createClient({ ...settings, requestTimeoutMs });
  try {
    return await use(client);
  } catch (error) {
    throw cassandraFailure(error, doing);
  } finally {
    await client.shutdown();
  }
}
