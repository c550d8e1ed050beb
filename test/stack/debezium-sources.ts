import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Connect, connectorFile, register, startConnect } from './connect.ts';
import { startKafka } from './kafka.ts';
import { startMariadb } from './mariadb.ts';
import { type SqlServer, startPostgres } from './postgres.ts';
import { serverFolder } from './runs.ts';
import type { Server } from './server.ts';

const sqlFolder = join(dirname(fileURLToPath(import.meta.url)), 'sources');

/** Both databases, a broker of their own (the connectors' names and topics are fixed) and a Connect worker with the product's connectors. */
export interface DebeziumSources {
  readonly kafka: Server;
  readonly connect: Connect;
  /** Statements for Tactical RMM's database. */
  tactical(statements: string): void;
  /** Statements for Fleet's database. */
  fleet(statements: string): void;
  stop(): Promise<void>;
}

/** Starts the databases with the given rows in them and registers the connectors, which begin with a snapshot of those rows. */
export async function startDebeziumSources(rows: {
  readonly tactical: string;
  readonly fleet: string;
}): Promise<DebeziumSources> {
  const [postgres, mariadb, kafka] = await Promise.all([
    startPostgres({ dir: serverFolder('postgres') }),
    startMariadb({ dir: serverFolder('mariadb') }),
    startKafka({ dir: serverFolder('kafka') }),
  ]);
  postgres.sql('postgres', 'CREATE DATABASE tacticalrmm');
  postgres.sql('tacticalrmm', readFileSync(join(sqlFolder, 'tactical.sql'), 'utf8'));
  mariadb.sql('', readFileSync(join(sqlFolder, 'fleet.sql'), 'utf8'));
  const tactical = (statements: string) => void postgres.sql('tacticalrmm', statements);
  const fleet = (statements: string) => void mariadb.sql('fleet', statements);
  tactical(rows.tactical);
  fleet(rows.fleet);
  const connect = await startConnect({
    dir: serverFolder('connect'),
    kafka: kafka.address,
    env: connectorEnvironment(postgres, mariadb, kafka),
  });
  await register(connect, forTest('tactical-postgres-cdc', {}));
  // Debezium's MySQL connector takes no MariaDB server, and Debian has no MySQL.
  await register(
    connect,
    forTest('fleetmdm-mysql-cdc', { 'connector.class': 'io.debezium.connector.mariadb.MariaDbConnector' }),
  );
  const stop = async () => {
    await connect.server.stop();
    await Promise.all([kafka.stop(), postgres.server.stop(), mariadb.server.stop()]);
  };
  return { kafka, connect, tactical, fleet, stop };
}

function connectorEnvironment(
  postgres: SqlServer,
  mariadb: SqlServer,
  kafka: Server,
): Record<string, string> {
  return {
    KAFKA_BROKERS: kafka.address,
    TACTICAL_POSTGRES_HOST: '127.0.0.1',
    TACTICAL_POSTGRES_PORT: String(postgres.port),
    TACTICAL_POSTGRES_USER: 'cdc',
    TACTICAL_POSTGRES_PASSWORD: 'cdc-test',
    FLEETMDM_MYSQL_HOST: '127.0.0.1',
    FLEETMDM_MYSQL_PORT: String(mariadb.port),
    FLEETMDM_MYSQL_USER: 'cdc',
    FLEETMDM_MYSQL_PASSWORD: 'cdc-test',
  };
}

/** The production file with fewer partitions, more heartbeats, and whatever else a test needs. */
function forTest(name: string, overrides: Readonly<Record<string, string>>) {
  const { config } = connectorFile(name);
  const small = {
    'topic.creation.default.partitions': '3',
    'heartbeat.interval.ms': '2000',
    'poll.interval.ms': '100',
  };
  return { name, config: { ...config, ...small, ...overrides } };
}
