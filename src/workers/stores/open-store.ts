import type { CassandraSettings, StoreSettings } from '../../shared/settings.ts';
import { createClient } from './cassandra-client.ts';
import { requireSchema } from './cassandra-schema.ts';
import { CassandraStore } from './cassandra-store.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { NoStore } from './no-store.ts';
import type { Store } from './store.ts';

/**
 * Opens the configured store. Of Cassandra the schema is checked first: it throws a DependencyError that names the command that mends
 * it, or a DestinationError of kind `outage` if the cluster cannot be reached (try again).
 */
export async function openStore(settings: StoreSettings): Promise<Store> {
  switch (settings.kind) {
    case 'cassandra':
      return await openCassandra(settings);
    case 'embedded': {
      const store = new EmbeddedStore(settings);
      await store.purge(Date.now());
      return store;
    }
    case 'none':
      return new NoStore(settings.buckets);
  }
}

async function openCassandra(settings: CassandraSettings): Promise<Store> {
  const client = createClient(settings);
  try {
    await requireSchema(client, settings);
    return new CassandraStore(settings, client);
  } catch (error) {
    await client.shutdown();
    throw error;
  }
}
