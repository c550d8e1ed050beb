import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureJars } from './jars.ts';
import { LOG4J_ARGUMENT, propertiesText } from './kafka.ts';
import { freePort } from './ports.ts';
import { type Server, startServer } from './server.ts';

const templates = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docker', 'connectors');
const RUNNING_WITHIN_MS = 180_000;

export interface ConnectOptions {
  readonly dir: string;
  readonly kafka: string;
  readonly port?: number;
  readonly heapMb?: number;
  /** What the connectors' `${env:…}` stand for. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Connect {
  readonly server: Server;
  /** The REST API, `http://…`. */
  readonly url: string;
}

export interface ConnectorFile {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** One Kafka Connect worker in distributed mode, with Debezium's connectors for PostgreSQL and MariaDB. */
export async function startConnect(options: ConnectOptions): Promise<Connect> {
  const jars = await ensureJars();
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(options.dir, 'connect.properties');
  writeFileSync(configFile, propertiesText(recipe(options.kafka, url, jars.plugins)));
  const server = await startServer({
    name: 'connect',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: 'java',
    args: [
      ...['-Xms256m', `-Xmx${options.heapMb ?? 512}m`, '-XX:+UseG1GC', LOG4J_ARGUMENT],
      ...['-cp', join(jars.kafka, '*'), 'org.apache.kafka.connect.cli.ConnectDistributed', configFile],
    ],
    ...(options.env && { env: options.env }),
    isReady: async () => (await fetch(`${url}/connectors`)).ok,
  });
  return { server, url };
}

function recipe(kafka: string, url: string, plugins: string): Record<string, string> {
  return {
    'bootstrap.servers': kafka,
    'group.id': 'debezium',
    listeners: url,
    'rest.advertised.host.name': '127.0.0.1',
    'plugin.path': plugins,
    'plugin.discovery': 'service_load',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'config.storage.topic': '__debezium-configs',
    'offset.storage.topic': '__debezium-offsets',
    'status.storage.topic': '__debezium-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.replication.factor': '1',
    'status.storage.partitions': '1',
    'offset.flush.interval.ms': '1000',
    // A killed worker that comes back would otherwise wait five minutes for its own tasks.
    'scheduled.rebalance.max.delay.ms': '0',
    'config.providers': 'env',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    'producer.max.request.size': '5242880',
  };
}

/** A connector as it goes to production, from docker/connectors. */
export function connectorFile(name: string): ConnectorFile {
  return JSON.parse(readFileSync(join(templates, `${name}.json`), 'utf8'));
}

/** Creates or updates a connector and waits until it and its task run. Its snapshot may still be under way then. */
export async function register(connect: Connect, { name, config }: ConnectorFile): Promise<void> {
  const response = await fetch(`${connect.url}/connectors/${name}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(config),
  });
  if (!response.ok) {
    throw new Error(`Connect refused ${name} with ${response.status}: ${await response.text()}`);
  }
  await untilRunning(connect, name);
}

async function untilRunning(connect: Connect, name: string): Promise<void> {
  const deadline = Date.now() + RUNNING_WITHIN_MS;
  let last = 'no status';
  while (Date.now() < deadline) {
    const response = await fetch(`${connect.url}/connectors/${name}/status`);
    last = await response.text();
    if (response.ok) {
      const status: ConnectorStatus = JSON.parse(last);
      const states = [status.connector.state, ...status.tasks.map((task) => task.state)];
      if (states.includes('FAILED')) {
        break;
      }
      // A connector that runs has no task at first.
      if (status.tasks.length > 0 && states.every((state) => state === 'RUNNING')) {
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`connector ${name} does not run: ${last}`);
}

interface ConnectorStatus {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly state: string }[];
}
