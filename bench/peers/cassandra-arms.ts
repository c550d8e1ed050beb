import { applySchema } from '../../src/cli/schema.ts';
import type { CassandraSettings } from '../../src/shared/settings.ts';
import { tableDefinitions } from '../../src/workers/stores/cassandra-tables.ts';
import { differing, finalRows, truncateTables } from '../cassandra-rows.ts';
import type { Arm, BenchOptions, Figures } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { processTimes } from '../machine.ts';
import { type Load, pipelineArm } from '../pipeline-arm.ts';
import type { BenchServer } from '../servers.ts';
import { workerSettings } from '../worker-settings.ts';
import { type JavaPeers, javaArm } from './java-arm.ts';

/**
 * The same work with Cassandra in the loop: the product in its default write mode beside the plain Java program, which writes with one
 * conditional statement after another, or with plain upserts. All write a table of the product's schema, each in a keyspace of its own.
 */
export interface CassandraArmsSpec {
  readonly kafka: KafkaLoad;
  readonly cassandra: BenchServer;
  readonly peers: JavaPeers;
  /** Made when an arm first needs it. */
  readonly load: () => Promise<Load>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly options: BenchOptions;
}

/** Buckets, and so as many lanes as can be of use: more in flight only stand in each other's way. */
const IN_FLIGHT = 256;

export async function cassandraArms(spec: CassandraArmsSpec): Promise<Arm[]> {
  const { kafka, peers, load, options, cassandra } = spec;
  const [product, lwt, upserts] = await Promise.all(
    ['peers_product', 'peers_lwt', 'peers_upserts'].map((keyspace) => prepared(cassandra, keyspace)),
  );
  if (product === undefined || lwt === undefined || upserts === undefined) throw new Error('three keyspaces');
  const finals: Finals = new Map();
  const java = (name: string, settings: CassandraSettings, write: string): Arm => {
    const more = [
      ...[`write=${write}`, `cassandra=${cassandra.server.address}`, `keyspace=${settings.keyspace}`],
      ...[`buckets=${settings.buckets}`, `inflight=${IN_FLIGHT}`],
    ];
    const arm = javaArm({ name, peers, program: 'PlainProgram', threads: 2, kafka, load, more });
    return compared(spec, arm, settings, finals);
  };
  const { contactPoints, keyspace, requestTimeoutMs } = product;
  const store = { kind: 'cassandra', cassandra: { contactPoints, keyspace, requestTimeoutMs } };
  const config = { ...spec.config, store };
  return [
    compared(
      spec,
      pipelineArm({ name: 'Cassandra: 2 workers', kafka, load, workers: 2, config, options }),
      product,
      finals,
    ),
    java('Cassandra: plain Java, one LWT after another', lwt, 'lwt'),
    java('Cassandra: plain Java, upserts', upserts, 'upsert'),
  ];
}

async function prepared(cassandra: BenchServer, keyspace: string): Promise<CassandraSettings> {
  const { store } = workerSettings(cassandra.server.address, keyspace);
  await applySchema(store);
  return store;
}

/** Rows by keyspace, as the newest run left them. */
type Finals = Map<string, readonly string[]>;

/** The arm on empty tables; its rows have to be those of every other arm. */
function compared(spec: CassandraArmsSpec, arm: Arm, settings: CassandraSettings, finals: Finals): Arm {
  const { pid } = spec.cassandra.server;
  const tables = tableDefinitions(settings).map(({ name }) => name);
  return {
    name: arm.name,
    measure: async (): Promise<Figures> => {
      await truncateTables(settings, tables);
      const before = processTimes(pid).cpuSeconds;
      const figures = await arm.measure();
      const serverSeconds = processTimes(pid).cpuSeconds - before;
      const rows = await finalRows(settings);
      finals.set(settings.keyspace, rows);
      const { records } = await spec.load();
      for (const [keyspace, others] of finals) {
        const differ = differing(rows, others);
        if (differ > 0) throw new Error(differenceText(arm.name, keyspace, rows, others, differ));
      }
      return { ...figures, server_cpu_us_per_record: (serverSeconds / records) * 1e6, rows: rows.length };
    },
  };
}

function differenceText(
  name: string,
  keyspace: string,
  rows: readonly string[],
  others: readonly string[],
  differ: number,
): string {
  const theirs = new Set(others);
  const mine = rows.find((row) => !theirs.has(row));
  const id = mine === undefined ? undefined : mine.slice(0, mine.indexOf(','));
  const other = others.find((row) => id === undefined || row.startsWith(`${id},`));
  return `${name}: ${differ} rows differ from those of ${keyspace}: ${mine ?? 'no row'} instead of ${other ?? 'no row'}`;
}
