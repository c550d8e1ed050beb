import { createHistogram } from 'node:perf_hooks';
import type { Client } from 'cassandra-driver';
import { applySchema } from '../src/cli/schema.ts';
import { must } from '../src/shared/assert.ts';
import { createClient, READ_OPTIONS } from '../src/workers/stores/cassandra-client.ts';
import {
  type Arm,
  type BenchOptions,
  type Figures,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { processTimes } from './machine.ts';
import { largestOf, organisationsFor, USERS_PER_ORGANISATION } from './query-data.ts';
import { type Data, load, settle } from './query-load.ts';
import { BESIDE, createBeside, type Query, queriesOf } from './query-texts.ts';
import { benchCassandra } from './servers.ts';
import { workerSettings } from './worker-settings.ts';

/** The questions of operators, one query each, to one node with the product's tables, a million devices and a thousand organisations. */
export const queries: Subject = {
  name: 'queries',
  about: "devices of an organisation and a user, memberships, a device's newest events: time of a query",
  shown: [
    'p50_ms',
    'p99_ms',
    'p50_ms_of_4',
    'p99_ms_of_4',
    'server_cpu_ms_per_query',
    'client_cpu_ms_per_query',
    'rows_per_query',
  ],
  rounds: 2,
  // Each arm warms up by itself: the server's compiler has to have seen its query.
  warmUp: false,
  smoke: false,
  open,
};

const KEYSPACE = 'bench_queries';
const HEAP_MB = 4096;
/** Room for a load of minutes; what a node with this heap would have by default. */
const SERVER = {
  // A load on two busy cores is no reason to give up.
  write_request_timeout: '60000ms',
  memtable_heap_space: '512MiB',
  memtable_offheap_space: '512MiB',
  commitlog_total_space: '2048MiB',
  compaction_throughput: '0MiB/s',
  key_cache_size: '64MiB',
  file_cache_size: '256MiB',
};
/** In flight together, in the second of an arm's two measurements. */
const TOGETHER = 4;

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchCassandra({ heapMb: HEAP_MB, settings: SERVER });
  if (typeof started === 'string') return { skipped: started };
  const { server, versions } = started;
  const { store } = workerSettings(server.address, KEYSPACE);
  await applySchema(store);
  const client = createClient({ ...store, requestTimeoutMs: 120_000 });
  const close = async (): Promise<void> => {
    await client.shutdown();
    await server.stop();
  };
  try {
    await createBeside(client, KEYSPACE);
    const data = dataFor(options, store.buckets);
    const begun = performance.now();
    const rows = await load(client, KEYSPACE, data, BESIDE, options.log);
    const loaded = performance.now();
    await settle(client, KEYSPACE);
    const loadSeconds = Math.round((loaded - begun) / 1000);
    const settleSeconds = Math.round((performance.now() - loaded) / 1000);
    options.log(`  loaded in ${loadSeconds} s, settled in ${settleSeconds} s`);
    const subject = await opened(client, server.pid, data, options);
    return {
      ...subject,
      settings: { rows, loadSeconds, settleSeconds, ...subject.settings },
      versions,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export function dataFor(options: BenchOptions, buckets: number): Data {
  const organisations = organisationsFor(recordCount(options, 1_000_000, 2000));
  const devices = organisations.reduce((sum, { size }) => sum + size, 0);
  return { organisations, devices, users: organisations.length * USERS_PER_ORGANISATION, buckets };
}

/** The subject once its rows are there. */
export async function opened(
  client: Client,
  serverPid: number,
  data: Data,
  options: BenchOptions,
): Promise<OpenSubject> {
  const { organisations, buckets } = data;
  const count = options.smoke ? 20 : options.quick ? 200 : 1000;
  return {
    arms: queriesOf(KEYSPACE, data).map((query) => queryArm(client, serverPid, query, count)),
    settings: {
      organisations: organisations.length,
      largestOrganisation: largestOf(organisations)[0]?.size,
      buckets,
      heapMb: HEAP_MB,
      ...SERVER,
      queriesPerRoundAndConcurrency: count,
      sstablesOfDevices: await sstables(client),
    },
    notes: [
      'p50 and p99: one query at a time; "of 4": four at a time. CPU is that of both together. The slow arms ask less often.',
    ],
  };
}

/** Files that a query of the devices' indexes goes through. */
async function sstables(client: Client): Promise<number> {
  const read = await client.execute('SELECT index_name, sstable_name FROM system_views.sai_sstable_indexes');
  return new Set(
    read.rows
      .filter(({ index_name }) => String(index_name).includes('devices'))
      .map(({ sstable_name }) => String(sstable_name)),
  ).size;
}

function queryArm(client: Client, serverPid: number, query: Query, most: number): Arm {
  const count = Math.max(1, Math.round(most * query.share));
  return {
    name: query.name,
    measure: async (): Promise<Figures> => {
      await ask(client, query, Math.ceil(count / 4), TOGETHER);
      const cpu = process.cpuUsage();
      const { cpuSeconds } = processTimes(serverPid);
      const alone = await ask(client, query, count, 1);
      const together = await ask(client, query, count, TOGETHER);
      const { user, system } = process.cpuUsage(cpu);
      const serverSeconds = processTimes(serverPid).cpuSeconds - cpuSeconds;
      return {
        p50_ms: alone.p50,
        p99_ms: alone.p99,
        p50_ms_of_4: together.p50,
        p99_ms_of_4: together.p99,
        server_cpu_ms_per_query: (serverSeconds * 1000) / (2 * count),
        client_cpu_ms_per_query: (user + system) / 1000 / (2 * count),
        rows_per_query: (alone.rows + together.rows) / (2 * count),
      };
    },
  };
}

/** Milliseconds. */
interface Asked {
  readonly p50: number;
  readonly p99: number;
  readonly rows: number;
}

/** Asks so often, `together` at a time, each time for something else. */
async function ask(client: Client, query: Query, count: number, together: number): Promise<Asked> {
  const micros = createHistogram();
  let left = count;
  let rows = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const params = must(query.params(), 'parameters');
      const begun = performance.now();
      const found = await answer(client, query, params);
      micros.record(Math.max(1, Math.round((performance.now() - begun) * 1000)));
      rows += found;
    }
  };
  await Promise.all(Array.from({ length: together }, lane));
  if (rows < count) throw new Error(`${query.name}: ${count} queries found ${rows} rows`);
  return { p50: micros.percentile(50) / 1000, p99: micros.percentile(99) / 1000, rows };
}

async function answer(
  client: Client,
  { cql, fetchSize, isWhole }: Query,
  params: readonly unknown[],
): Promise<number> {
  let rows = 0;
  let pageState: string | undefined;
  do {
    const page = pageState === undefined ? {} : { pageState };
    const result = await client.execute(cql, [...params], { ...READ_OPTIONS, fetchSize, ...page });
    rows += result.rowLength;
    pageState = isWhole ? (result.pageState ?? undefined) : undefined;
  } while (pageState !== undefined);
  return rows;
}
