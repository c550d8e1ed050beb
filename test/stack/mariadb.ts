import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import type { SqlServer } from './postgres.ts';
import { prepare, startServer, unprivileged } from './server.ts';

export interface MariadbOptions {
  readonly dir: string;
  readonly port?: number;
}

/** MariaDB with a full row binlog, in place of Fleet's MySQL, which Debian does not have. Root has no password; loopback only. */
export async function startMariadb(options: MariadbOptions): Promise<SqlServer> {
  const port = options.port ?? (await freePort());
  const user = unprivileged('mysql');
  const data = join(options.dir, 'data');
  if (!existsSync(join(data, 'mysql'))) {
    mkdirSync(data, { recursive: true });
    if (user !== undefined) {
      chownSync(data, user.uid, user.gid);
    }
    const access = ['--auth-root-authentication-method=normal', '--skip-test-db'];
    // The root of this process may hand the data to another account; the account itself may not read root's folders.
    const account = user === undefined ? [] : ['--user=mysql'];
    prepare('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, ...access, ...account]);
  }
  const client = ['--no-defaults', '-h', '127.0.0.1', '-P', String(port), '-u', 'root'];
  const server = await startServer({
    name: 'mariadb',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: 'mariadbd',
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      ...SETTINGS,
      `--port=${port}`,
      `--socket=${join(data, 'socket')}`,
    ],
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
    user,
    isReady: async () => spawnSync('mariadb-admin', [...client, 'ping']).status === 0,
  });
  return { server, port, sql: (database, statements) => runSql(client, database, statements) };
}

const SETTINGS = [
  '--bind-address=127.0.0.1',
  '--server-id=1',
  '--log-bin=mysql-bin',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--character-set-server=utf8mb4',
  '--default-time-zone=+00:00',
  '--innodb-buffer-pool-size=64M',
  '--innodb-log-file-size=32M',
  '--innodb-flush-log-at-trx-commit=2',
];

function runSql(client: readonly string[], database: string, statements: string): string[] {
  const args = [...client, '--batch', '--skip-column-names', '--default-character-set=utf8mb4'];
  const result = spawnSync('mariadb', [...args, ...(database === '' ? [] : [database])], {
    input: statements,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    throw new Error(`mariadb: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout.split('\n').filter((line) => line !== '');
}
