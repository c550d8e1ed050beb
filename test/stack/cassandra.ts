import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { ensureJars } from './jars.ts';
import { freePorts } from './ports.ts';
import { ask } from './probe.ts';
import { type Server, startServer } from './server.ts';

const here = dirname(fileURLToPath(import.meta.url));

export interface CassandraOptions {
  /** Data, configuration and log; keeps its tables when started again. */
  readonly dir: string;
  readonly port?: number;
  readonly storagePort?: number;
  readonly heapMb?: number;
  /**
   * `batch` answers a write only after it is on the disk: for tests that kill the server. `periodic`, Cassandra's default, loses what
   * it acknowledged in the last moments, and one node alone has no replica to make up for it.
   */
  readonly commitLog?: 'periodic' | 'batch';
  /** Settings on top of the recipe's, by the names of cassandra.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One node on loopback: data center `datacenter1`, no password, no TLS. */
export async function startCassandra(options: CassandraOptions): Promise<Server> {
  const jars = await ensureJars();
  const [freeOne = 0, freeTwo = 0, jmxPort = 0] = await freePorts(3);
  const port = options.port ?? freeOne;
  const configDir = join(options.dir, 'conf');
  mkdirSync(configDir, { recursive: true });
  copyFileSync(join(here, 'conf', 'logback.xml'), join(configDir, 'logback.xml'));
  const configFile = join(configDir, 'cassandra.yaml');
  writeFileSync(
    configFile,
    stringify({ ...recipe(options, port, options.storagePort ?? freeTwo), ...options.settings }),
  );
  const jamm = readdirSync(jars.cassandra).find((jar) => jar.startsWith('jamm-'));
  const heap = `${options.heapMb ?? 768}m`;
  return startServer({
    name: 'cassandra',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: 'java',
    args: [
      ...[`-Xms${heap}`, `-Xmx${heap}`, '-Xss512k', '-XX:+UseG1GC', '-XX:+ExitOnOutOfMemoryError'],
      // Cassandra measures its objects with this agent and refuses to start without it.
      `-javaagent:${join(jars.cassandra, jamm ?? 'jamm.jar')}`,
      `@${join(here, 'conf', 'cassandra-java.options')}`,
      `-Dcassandra.config=${pathToFileURL(configFile).href}`,
      `-Dcassandra.storagedir=${options.dir}`,
      `-Dcassandra.jmx.local.port=${jmxPort}`,
      ...ALONE,
      ...['-cp', `${configDir}:${join(jars.cassandra, '*')}`],
      'org.apache.cassandra.service.CassandraDaemon',
    ],
    isReady: () => answersCql(port),
  });
}

/** A node without peers has nobody to wait for and nothing to learn from: this takes half a minute off its start. */
const ALONE = [
  '-Dcassandra.skip_wait_for_gossip_to_settle=0',
  '-Dcassandra.ring_delay_ms=0',
  '-Dcassandra.initial_token=0',
  '-Dcassandra.load_ring_state=false',
  '-Dcassandra.superuser_setup_delay_ms=0',
  '-Djava.net.preferIPv4Stack=true',
];

function recipe(options: CassandraOptions, port: number, storagePort: number): Record<string, unknown> {
  const commitLog =
    options.commitLog === 'batch'
      ? { commitlog_sync: 'batch' }
      : { commitlog_sync: 'periodic', commitlog_sync_period: '10000ms' };
  return {
    cluster_name: 'openframe-stream tests',
    num_tokens: 1,
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    endpoint_snitch: 'SimpleSnitch',
    seed_provider: [
      {
        class_name: 'org.apache.cassandra.locator.SimpleSeedProvider',
        parameters: [{ seeds: `127.0.0.1:${storagePort}` }],
      },
    ],
    listen_address: '127.0.0.1',
    rpc_address: '127.0.0.1',
    storage_port: storagePort,
    native_transport_port: port,
    start_native_transport: true,
    data_file_directories: [join(options.dir, 'data')],
    commitlog_directory: join(options.dir, 'commitlog'),
    saved_caches_directory: join(options.dir, 'saved_caches'),
    hints_directory: join(options.dir, 'hints'),
    cdc_raw_directory: join(options.dir, 'cdc_raw'),
    ...commitLog,
    commitlog_segment_size: '16MiB',
    commitlog_total_space: '128MiB',
    // Dropping a test's keyspace would otherwise keep a copy of it.
    auto_snapshot: false,
    auto_bootstrap: false,
    hinted_handoff_enabled: false,
    authenticator: 'AllowAllAuthenticator',
    authorizer: 'AllowAllAuthorizer',
    role_manager: 'CassandraRoleManager',
    memtable_heap_space: '160MiB',
    memtable_offheap_space: '160MiB',
    key_cache_size: '16MiB',
    file_cache_size: '64MiB',
    networking_cache_size: '32MiB',
  };
}

const SUPPORTED = 6;

/** An OPTIONS frame of the native protocol, version 4, which a node that takes clients answers with SUPPORTED. */
async function answersCql(port: number): Promise<boolean> {
  const answer = await ask(port, Buffer.from([4, 0, 0, 0, 5, 0, 0, 0, 0]), 9);
  return answer[4] === SUPPORTED;
}
