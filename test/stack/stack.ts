import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

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

/** A suite over real servers; where one of them cannot run it is skipped and its name says why. */
export function describeStack(name: string, parts: readonly StackPart[], body: () => void): void {
  const missing = requireStack(parts) ?? notStarted(parts);
  describe.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (skipped: ${missing})`,
    body,
  );
}

/** Address of the Kafka broker that all tests share. */
export function sharedKafka(): string {
  return sharedAddress('TEST_KAFKA');
}

/** Address of the Cassandra node that all tests share. */
export function sharedCassandra(): string {
  return sharedAddress('TEST_CASSANDRA');
}

export function mavenAndJavaMissing(): string | undefined {
  return missingCommand('java', 'Java 17') ?? missingCommand('mvn', 'Maven');
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
  kafka: mavenAndJavaMissing,
  cassandra: mavenAndJavaMissing,
  connect: mavenAndJavaMissing,
  postgres: () => (postgresPrograms() === undefined ? `PostgreSQL in ${POSTGRES_ROOT}` : undefined),
  mariadb: () => missingCommand('mariadbd', 'MariaDB') ?? missingCommand('mariadb-install-db', 'MariaDB'),
};

function missingCommand(command: string, called: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)))
    ? undefined
    : `${called} (no ${command} in PATH)`;
}

function notStarted(parts: readonly StackPart[]): string | undefined {
  const shared = [
    ['kafka', process.env.TEST_KAFKA],
    ['cassandra', process.env.TEST_CASSANDRA],
  ] as const;
  const absent = shared.find(([part, address]) => parts.includes(part) && address === undefined);
  return absent && `${absent[0]} was not started; the beginning of the run says why`;
}

function sharedAddress(variable: 'TEST_KAFKA' | 'TEST_CASSANDRA'): string {
  const address = process.env[variable];
  if (address === undefined) {
    throw new Error(`${variable} is not set: run this test in vitest's project "stack"`);
  }
  return address;
}
