import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureJars } from './jars.ts';
import { freePorts } from './ports.ts';
import { ask } from './probe.ts';
import { prepare, type Server, startServer } from './server.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const LOG4J_ARGUMENT = `-Dlog4j2.configurationFile=${join(here, 'conf', 'log4j2.properties')}`;

export interface KafkaOptions {
  /** Data, configuration and log; keeps its topics when started again. */
  readonly dir: string;
  readonly port?: number;
  readonly controllerPort?: number;
  readonly heapMb?: number;
  /** Broker settings on top of the recipe's, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A broker that is its own controller, in KRaft mode. Topics are made by whoever needs them, as in production. */
export async function startKafka(options: KafkaOptions): Promise<Server> {
  const jars = await ensureJars();
  const [port = 0, controllerPort = 0] = await choosePorts(options);
  const configFile = join(options.dir, 'server.properties');
  const dataDir = join(options.dir, 'data');
  writeFileSync(
    configFile,
    propertiesText({ ...recipe(port, controllerPort, dataDir), ...options.settings }),
  );
  const classpath = join(jars.kafka, '*');
  if (!existsSync(join(dataDir, 'meta.properties'))) {
    const clusterId = `t${randomBytes(16).toString('base64url').slice(1)}`;
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configFile];
    prepare('java', [...SHORT_LIVED, LOG4J_ARGUMENT, '-cp', classpath, ...format]);
  }
  const heap = `-Xmx${options.heapMb ?? 512}m`;
  return startServer({
    name: 'kafka',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: 'java',
    args: ['-Xms256m', heap, '-XX:+UseG1GC', LOG4J_ARGUMENT, '-cp', classpath, 'kafka.Kafka', configFile],
    isReady: () => listsABroker(port),
  });
}

/** For a program that formats a folder and ends, compiling well is a waste. */
const SHORT_LIVED = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

async function choosePorts(options: KafkaOptions): Promise<number[]> {
  const [first = 0, second = 0] = await freePorts(2);
  return [options.port ?? first, options.controllerPort ?? second];
}

function recipe(port: number, controllerPort: number, dataDir: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDir,
    'auto.create.topics.enable': 'false',
    'num.partitions': '3',
    'default.replication.factor': '1',
    // One broker holds every replica of Kafka's own topics, and few partitions of them make the first join fast.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Debezium records of rows with large columns pass 1 MB; the real installation raises the limit too.
    'message.max.bytes': '5242880',
    'replica.fetch.max.bytes': '5242880',
    'log.segment.bytes': '67108864',
    // Captured records carry their real, old timestamps: retention by time would remove them.
    'log.retention.ms': '-1',
  };
}

export function propertiesText(settings: Readonly<Record<string, string>>): string {
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

const METADATA = 3;
const METADATA_VERSION = 4;

/** Asks for metadata: a broker that the controller has not let in yet answers an empty list, and one that starts does not answer. */
async function listsABroker(port: number): Promise<boolean> {
  const body = Buffer.from([
    ...[0, METADATA, 0, METADATA_VERSION],
    ...[0, 0, 0, 1], // correlation id
    ...[0xff, 0xff], // no client id
    ...[0, 0, 0, 0], // of no topic
    0, // create none
  ]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  const answer = await ask(port, Buffer.concat([size, body]), 16);
  // Size, correlation id, throttle time, number of brokers.
  return answer.readInt32BE(12) > 0;
}
