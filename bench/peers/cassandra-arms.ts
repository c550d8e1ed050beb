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
 *
 * A check-in leaves `wmi_detail` out, and with a store the product reads such a row back, because analytics keeps whole rows
 * (docs/decisions, 0005). The program that is as correct therefore reads, too; the other two produce what the change alone says.
 */
export interface CassandraArmsSpec {
  readonly kafka: KafkaLoad;
  readonly cassandra: BenchServer;
  readonly peers: JavaPeers;
  /** One change of each row, which makes it: no part of what is measured, because for new rows the product does what its peers do not. */
  readonly rows: () => Promise<Load>;
  /** Later changes of these rows. Made when an arm first needs it. */
  readonly load: () => Promise<Load>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly options: BenchOptions;
}

/** Buckets, and so as many lanes as can be of use: more in flight only stand in each other's way. */
const IN_FLIGHT = 256;
/** What one poll brings is produced together: with less the rate seen from outside is smoother, with more there are fewer pauses. */
const POLL_RECORDS = 2000;

/** Keyspaces by what writes them. */
const KEYSPACES = {
  product: 'peers_product',
  lwtRead: 'peers_lwt_read',
  lwt: 'peers_lwt',
  upsert: 'peers_upsert',
} as const;

export async function cassandraArms(spec: CassandraArmsSpec): Promise<Arm[]> {
  for (const keyspace of Object.values(KEYSPACES)) await applySchema(settingsOf(spec, keyspace));
  const finals: Finals = new Map();
  const plain = (name: string, keyspace: keyof typeof KEYSPACES, ...more: readonly string[]): Arm =>
    compared(spec, (over) => plainArm(over, name, KEYSPACES[keyspace], more), KEYSPACES[keyspace], finals);
  return [
    compared(spec, productArm, KEYSPACES.product, finals),
    plain('LWT and read one by one', 'lwtRead', 'write=lwt', 'read=yes'),
    plain('LWT one by one', 'lwt', 'write=lwt'),
    plain('upserts', 'upsert', 'write=upsert'),
  ];
}

function settingsOf({ cassandra }: CassandraArmsSpec, keyspace: string): CassandraSettings {
  return workerSettings(cassandra.server.address, keyspace).store;
}

function productArm(spec: CassandraArmsSpec): Arm {
  const { contactPoints, keyspace, requestTimeoutMs } = settingsOf(spec, KEYSPACES.product);
  const store = { kind: 'cassandra', cassandra: { contactPoints, keyspace, requestTimeoutMs } };
  const config = { ...spec.config, store };
  const serverPid = spec.cassandra.server.pid;
  return pipelineArm({ ...spec, name: 'Cassandra: 2 workers', workers: 2, config, serverPid });
}

function plainArm(spec: CassandraArmsSpec, name: string, keyspace: string, more: readonly string[]): Arm {
  const { buckets } = settingsOf(spec, keyspace);
  const where = [`cassandra=${spec.cassandra.server.address}`, `keyspace=${keyspace}`];
  return javaArm({
    ...spec,
    ...{ name: `Cassandra: plain Java, ${name}`, program: 'PlainProgram', threads: 2 },
    serverPid: spec.cassandra.server.pid,
    more: [...where, `buckets=${buckets}`, `inflight=${IN_FLIGHT}`, `poll=${POLL_RECORDS}`, ...more],
  });
}

/** Rows by keyspace, as the newest run left them. */
type Finals = Map<string, readonly string[]>;

/**
 * The arm on the rows that another run of it has made in empty tables. Its rows have to be those of every other arm.
 */
function compared(
  spec: CassandraArmsSpec,
  armOver: (spec: CassandraArmsSpec) => Arm,
  keyspace: string,
  finals: Finals,
): Arm {
  const [maker, arm] = [armOver({ ...spec, load: spec.rows }), armOver(spec)];
  const settings = settingsOf(spec, keyspace);
  const { pid } = spec.cassandra.server;
  const tables = tableDefinitions(settings).map(({ name }) => name);
  return {
    name: arm.name,
    measure: async (): Promise<Figures> => {
      await truncateTables(settings, tables);
      await maker.measure();
      const before = processTimes(pid).cpuSeconds;
      const figures = await arm.measure();
      const { records } = await spec.load();
      const perRecord = ((processTimes(pid).cpuSeconds - before) / records) * 1e6;
      const rows = await finalRows(settings);
      finals.set(keyspace, rows);
      for (const [other, others] of finals) {
        const differ = differing(rows, others);
        if (differ > 0) throw new Error(differenceText(arm.name, other, rows, others, differ));
      }
      return { ...figures, whole_server_cpu_us_per_record: perRecord, rows: rows.length };
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
