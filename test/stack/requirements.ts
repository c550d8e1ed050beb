import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a test may ask for. Kafka and Cassandra are started once for all tests, the others by the tests that need them. */
export type StackPart = 'kafka' | 'cassandra' | 'connect' | 'postgres' | 'mariadb';

const POSTGRES_ROOT = '/usr/lib/postgresql';

/** Why these parts cannot run on this machine, or undefined when they can. */
export function requireStack(parts: readonly StackPart[]): string | undefined {
  for (const part of parts) {
    const missing = REQUIREMENTS[part]();
    if (missing !== undefined) {
      return `${part} needs ${missing}`;
    }
  }
  return undefined;
}

/** Debian keeps PostgreSQL's server programs out of the PATH, one folder a version. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT) : [];
  const newestFirst = versions.sort((one, other) => Number(other) - Number(one));
  return newestFirst
    .map((version) => join(POSTGRES_ROOT, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

const REQUIREMENTS: Record<StackPart, () => string | undefined> = {
  kafka: mavenOrJavaMissing,
  cassandra: mavenOrJavaMissing,
  connect: mavenOrJavaMissing,
  postgres: () => (postgresPrograms() === undefined ? `PostgreSQL in ${POSTGRES_ROOT}` : undefined),
  mariadb: () => missingCommand('mariadbd', 'MariaDB') ?? missingCommand('mariadb-install-db', 'MariaDB'),
};

function mavenOrJavaMissing(): string | undefined {
  return missingCommand('java', 'Java 17') ?? missingCommand('mvn', 'Maven');
}

function missingCommand(command: string, called: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)))
    ? undefined
    : `${called} (no ${command} in PATH)`;
}
