import type { Client } from 'cassandra-driver';
import { afterAll, beforeAll } from 'vitest';
import { applySchema } from '../../../src/cli/schema.ts';
import { must } from '../../../src/shared/assert.ts';
import type { CassandraSettings } from '../../../src/shared/settings.ts';
import { createClient } from '../../../src/workers/stores/cassandra-client.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import type { Store } from '../../../src/workers/stores/store.ts';

/** `host:port` of a Cassandra that tests may make keyspaces on; they are skipped without. */
export const SERVER = process.env.TEST_CASSANDRA;
export const SKIPPED = SERVER === undefined ? ' (skipped: TEST_CASSANDRA=host:port is not set)' : '';

export function settingsFor(keyspace: string, more: Partial<CassandraSettings> = {}): CassandraSettings {
  return {
    kind: 'cassandra',
    contactPoints: [SERVER ?? '127.0.0.1:1'],
    localDataCenter: 'datacenter1',
    keyspace,
    consistency: 'LOCAL_QUORUM',
    serialConsistency: 'LOCAL_SERIAL',
    replicationFactor: 1,
    buckets: 4,
    writeMode: 'lwt',
    writeModes: {},
    requestTimeoutMs: 12_000,
    deletedKeepSeconds: 3600,
    historyKeepSeconds: 3600,
    knownVersionsMax: 10_000,
    knownRowsBytes: 1_000_000,
    ...more,
  };
}

export function keyspaceName(what: string): string {
  return `test_${what}_${process.pid}_${Date.now().toString(36)}`;
}

export async function makeKeyspace(settings: CassandraSettings): Promise<void> {
  const { problems } = await applySchema(settings);
  must(problems.length === 0 ? true : undefined, 'schema without problems');
}

export async function dropKeyspace(settings: CassandraSettings): Promise<void> {
  const client = createClient({ ...settings, requestTimeoutMs: 60_000 });
  try {
    await client.execute(`DROP KEYSPACE IF EXISTS ${settings.keyspace}`, [], { prepare: false });
  } finally {
    await client.shutdown();
  }
}

/** Within a `describe`: a keyspace with a store and a client over it, for as long as its tests run. */
export function useStore(settings: CassandraSettings): {
  readonly store: () => Store;
  readonly client: () => Client;
} {
  let client: Client | undefined;
  let opened: Store | undefined;
  beforeAll(async () => {
    await makeKeyspace(settings);
    opened = await openStore(settings);
    client = createClient(settings);
  }, 120_000);
  afterAll(async () => {
    await client?.shutdown();
    await opened?.close();
    await dropKeyspace(settings);
  }, 60_000);
  return { store: () => must(opened, 'store'), client: () => must(client, 'client') };
}
