import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { postgresPrograms } from './requirements.ts';
import { prepare, type Server, startServer, unprivileged } from './server.ts';

export interface PostgresOptions {
  readonly dir: string;
  readonly port?: number;
}

export interface SqlServer {
  readonly server: Server;
  readonly port: number;
  /** Runs statements as the superuser and answers the rows as text, columns separated by tabs. */
  sql(database: string, statements: string): string[];
}

/** PostgreSQL that writes its log for logical decoding. The superuser `postgres` has no password; connections come from here only. */
export async function startPostgres(options: PostgresOptions): Promise<SqlServer> {
  const bin = postgresPrograms();
  if (bin === undefined) {
    throw new Error('no PostgreSQL server programs');
  }
  const port = options.port ?? (await freePort());
  const user = unprivileged('postgres');
  const data = join(options.dir, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { recursive: true });
    chmodSync(data, 0o700);
    if (user !== undefined) {
      chownSync(data, user.uid, user.gid);
    }
    prepare(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
      user,
    );
  }
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    wal_level: 'logical',
    max_replication_slots: '10',
    max_wal_senders: '10',
    shared_buffers: '64MB',
    // The tests are about what Debezium reads, not about what PostgreSQL keeps when the power fails.
    fsync: 'off',
    timezone: 'UTC',
  };
  const server = await startServer({
    name: 'postgres',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: join(bin, 'postgres'),
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    user,
    // SIGTERM would wait until every client is gone, and Debezium stays connected.
    stopSignal: 'SIGINT',
    isReady: async () =>
      spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0,
  });
  const psql = join(bin, 'psql');
  return { server, port, sql: (database, statements) => runSql(psql, port, database, statements) };
}

function runSql(psql: string, port: number, database: string, statements: string): string[] {
  const args = ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1'];
  const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database];
  const result = spawnSync(psql, [...args, ...where], { input: statements, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(`psql: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout.split('\n').filter((line) => line !== '');
}
