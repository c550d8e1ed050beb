import { readdirSync } from 'node:fs';
import { type CassandraOptions, startCassandra } from '../test/stack/cassandra.ts';
import { ensureJars } from '../test/stack/jars.ts';
import { startKafka } from '../test/stack/kafka.ts';
import { requireStack, type StackPart } from '../test/stack/requirements.ts';
import { cleanDeadRuns, serverFolder } from '../test/stack/runs.ts';
import type { Server } from '../test/stack/server.ts';
import { jarVersion, javaVersion } from './machine.ts';

/** Real servers for a bench, from the tests' stack, each with the memory that it was measured with. */
export interface BenchServer {
  readonly server: Server;
  readonly versions: Readonly<Record<string, string>>;
}

/** A broker with 1 GB of heap; a text says why there is none. */
export async function benchKafka(): Promise<BenchServer | string> {
  return open('kafka', () => startKafka({ dir: serverFolder('kafka'), heapMb: 1024 }));
}

/** A node with 2 GB of heap and the commit log as Cassandra has it by default; `more` is what a subject needs beyond that. */
export async function benchCassandra(
  more: Pick<CassandraOptions, 'heapMb' | 'settings'> = {},
): Promise<BenchServer | string> {
  return open('cassandra', () =>
    startCassandra({ dir: serverFolder('cassandra'), heapMb: 2048, commitLog: 'periodic', ...more }),
  );
}

async function open(
  part: StackPart & ('kafka' | 'cassandra'),
  start: () => Promise<Server>,
): Promise<BenchServer | string> {
  cleanDeadRuns();
  const missing = requireStack([part]);
  if (missing !== undefined) return missing;
  const jars = await ensureJars();
  const artifact = part === 'kafka' ? 'kafka_2.13' : 'cassandra-all';
  const version = jarVersion(readdirSync(jars[part]), artifact);
  return { server: await start(), versions: { java: javaVersion(), [part]: version } };
}
