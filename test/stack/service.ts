import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { type Server, startServer } from './server.ts';

/** The command as an operator calls it; it compiles src first when dist is older. */
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'openframe-stream.mjs');

export interface ServiceOptions {
  /** Configuration file and log. */
  readonly dir: string;
  readonly kafka: string;
  readonly cassandra: string;
  readonly keyspace: string;
  /** Sections on top, by the names of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface Service extends Server {
  readonly configFile: string;
  /** The management port, `http://…/management/v1`. */
  readonly managementUrl: string;
}

/** Provisions the keyspace and the topics and starts `openframe-stream run` as a process of its own, which can be killed. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const port = await freePort();
  const configFile = join(options.dir, 'openframe-stream.yaml');
  const config = {
    kafka: {
      brokers: [options.kafka],
      // The group waits that long for a killed member before its partitions are given to the next.
      consumer: { sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 },
    },
    store: { cassandra: { contactPoints: [options.cassandra], keyspace: options.keyspace } },
    workers: { count: 1 },
    management: { port },
    ...options.config,
  };
  writeFileSync(configFile, stringify(config));
  runProgram(['schema', 'apply', '--config', configFile]);
  runProgram(['topics', 'apply', '--config', configFile]);
  const managementUrl = `http://127.0.0.1:${port}/management/v1`;
  const server = await startServer({
    name: 'openframe-stream',
    dir: options.dir,
    address: `127.0.0.1:${port}`,
    command: process.execPath,
    args: [PROGRAM, 'run', '--config', configFile],
    isReady: async () => (await fetch(`${managementUrl}/health/readiness`)).ok,
  });
  return Object.assign(server, { configFile, managementUrl });
}

/** Runs a command of the product to its end and answers what it printed. */
export function runProgram(args: readonly string[]): string {
  const result = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  if (result.status !== 0) {
    const why = result.error?.message ?? `${result.stdout}${result.stderr}`;
    throw new Error(
      `openframe-stream ${args.join(' ')} ended with ${result.status ?? result.signal}: ${why}`,
    );
  }
  return result.stdout;
}
