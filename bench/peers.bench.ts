import {
  type Arm,
  type BenchOptions,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { cassandraArms } from './peers/cassandra-arms.ts';
import { connectArms, connectPeer, connectVersions } from './peers/connect-arm.ts';
import { type JavaProgram, javaArm, javaPeers } from './peers/java-arm.ts';
import { PEERS_DEAD_LETTERS, PEERS_OUTPUT } from './peers/peer-arm.ts';
import { referenceConfig } from './peers/reference-file.ts';
import { type Built, verifyPeers } from './peers/verify.ts';
import { lazyLoad, makeLoad, pipelineArm } from './pipeline-arm.ts';
import { type BenchServer, benchCassandra, benchKafka } from './servers.ts';

/**
 * The product beside programs that do exactly its analytics work: in Java Kafka Streams, and a plain consumer and producer; the latter
 * also with a write to Cassandra; and Redpanda Connect, which keeps no order.
 */
export const peers: Subject = {
  name: 'peers',
  about:
    'the product beside Kafka Streams, plain Java and Redpanda Connect doing its work, with and without Cassandra',
  shown: [
    'records_per_second',
    'cpu_us_per_record',
    'server_cpu_us_per_record',
    'main_us_per_record',
    'whole_records_per_second',
    'whole_cpu_us_per_record',
    'whole_server_cpu_us_per_record',
    'first_output_seconds',
    'rss_peak_mb',
  ],
  rounds: 3,
  warmUp: true,
  smoke: false,
  open,
};

/** Changes of each key in the loads of the arms with Cassandra: most changes are of a row that is there. */
const CHANGES_PER_KEY = 12;
const PARTITIONS = 12;
const CONNECT_NOTE =
  'Redpanda Connect has half the records, keeps no order among the changes of a device, and knows sites and organisations from the start alone.';

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const java = javaPeers();
  if (typeof java === 'string') return { skipped: java };
  const connect = connectPeer();
  const kafka = await benchKafka();
  if (typeof kafka === 'string') return { skipped: kafka };
  const cassandra = await benchCassandra();
  if (typeof cassandra === 'string') return { skipped: cassandra };
  const load = await KafkaLoad.connect(kafka.server.address);
  const close = async (): Promise<void> => {
    await load.close();
    await Promise.all([kafka.server.stop(), cassandra.server.stop()]);
  };
  try {
    return { ...(await prepare(options, { java, connect }, load, { kafka, cassandra })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(
  options: BenchOptions,
  peers: Built,
  kafka: KafkaLoad,
  servers: { readonly kafka: BenchServer; readonly cassandra: BenchServer },
): Promise<OpenSubject> {
  const { cassandra } = servers;
  const { java } = peers;
  const serverPid = servers.kafka.server.pid;
  const config = referenceConfig();
  const verified = await verifyPeers(kafka, peers, config);
  options.log(`  ${verified}`);
  for (const topic of [PEERS_OUTPUT, PEERS_DEAD_LETTERS]) await kafka.createTopic(topic, PARTITIONS);
  const records = recordCount(options, 1_000_000, 10_000);
  // Six times the bytes with a schema; a conditional write takes ten times as long as all the rest.
  const schemaRecords = Math.ceil(records / 3);
  const storedRecords = Math.ceil(records / 8);
  // It takes several times as long for each, and has no compiler that warms up.
  const connectRecords = Math.ceil(records / 2);
  const plain = lazyLoad(kafka, () => makeLoad(kafka, records));
  const forConnect = lazyLoad(kafka, () => makeLoad(kafka, connectRecords));
  const schema = lazyLoad(kafka, () => makeLoad(kafka, schemaRecords, { schema: true }));
  // New rows come before: for them the product does what its peers do not (the list of an organisation's devices, links to other
  // tools' devices, rows that waited).
  const keys = Math.ceil(storedRecords / CHANGES_PER_KEY);
  const stored = (count: number, from: number): typeof plain =>
    lazyLoad(kafka, () => makeLoad(kafka, count, { keys, hot: true, eachFirst: true }, { from }));
  const cassandraLoads = { rows: stored(keys, 0), load: stored(storedRecords, keys) };
  const product = (name: string, load: typeof plain, workers: number): Arm =>
    pipelineArm({ name, kafka, load, workers, config, options, serverPid });
  const peer = (name: string, load: typeof plain, program: JavaProgram): Arm =>
    javaArm({ name, peers: java, program, threads: 2, kafka, load, serverPid });
  return {
    arms: [
      product('1 worker', plain, 1),
      peer('Kafka Streams, 2 threads', plain, 'StreamsProgram'),
      product('2 workers', plain, 2),
      peer('plain Java, 2 threads', plain, 'PlainProgram'),
      ...connectArms({ peer: peers.connect, kafka, load: forConnect, serverPid }),
      product('schema: 2 workers', schema, 2),
      peer('schema: Kafka Streams, 2 threads', schema, 'StreamsProgram'),
      peer('schema: plain Java, 2 threads', schema, 'PlainProgram'),
      ...(await cassandraArms({ kafka, cassandra, peers: java, ...cassandraLoads, config, options })),
    ],
    settings: {
      records,
      connectRecords,
      schemaRecords,
      storedRecords,
      changesPerKey: CHANGES_PER_KEY,
      codec: 'lz4',
      acks: 'all',
    },
    versions: {
      ...servers.kafka.versions,
      ...cassandra.versions,
      ...java.versions,
      ...connectVersions(peers.connect),
    },
    notes: [
      verified,
      typeof peers.connect === 'string' ? `No Redpanda Connect: ${peers.connect}.` : CONNECT_NOTE,
      'Servers, program and observer share the cores. Rate and CPU of the last three quarters, unless whole; CPU of all threads of the program; server is Cassandra where a store is written, else the broker.',
      'With Cassandra the rows are there before a program starts, 20 % of the keys get 80 % of the changes, and all arms end with equal rows.',
    ],
  };
}
