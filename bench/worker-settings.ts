import { loadConfig } from '../src/main/config.ts';
import { pipelineSettings } from '../src/main/pipeline-settings.ts';
import type { CassandraSettings } from '../src/shared/settings.ts';
import type { WriteSettings } from '../src/shared/worker-protocol.ts';

/** The product's own defaults, of one worker. */
export function workerSettings(
  address: string,
  keyspace: string,
): { store: CassandraSettings; write: WriteSettings } {
  const flag = (key: string, text: string) => ({ key, text, flag: 'bench' });
  const flags = [
    flag('store.cassandra.contactPoints', address),
    flag('store.cassandra.keyspace', keyspace),
    flag('store.cassandra.requestTimeoutMs', '30000'),
  ];
  const { store, write } = pipelineSettings(loadConfig({ flags }, {}).config, 1).worker;
  if (store.kind !== 'cassandra') throw new Error('the default store is Cassandra');
  return { store, write };
}
