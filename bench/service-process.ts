import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { must } from '../src/shared/assert.ts';
import { serverFolder } from '../test/stack/runs.ts';
import { root } from './machine.ts';

/** Programs under measurement: each in a process of its own, with its log in a file. */
export interface Running {
  readonly pid: number;
  /** performance.now() of its start. */
  readonly startedAt: number;
  readonly logFile: string;
  /** Asks it to end and waits; kills it after a while. */
  stop(): Promise<void>;
  /** Its exit code, or undefined while it runs. */
  ended(): number | string | undefined;
}

const STOP_WITHIN_MS = 30_000;

export function startProgram(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const logFile = join(serverFolder(name), `${name}.log`);
  const log = openSync(logFile, 'a');
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    pid: must(child.pid, `process id of ${command}`),
    startedAt,
    logFile,
    ended: () => endOf(child),
    stop: async () => {
      if (endOf(child) === undefined) child.kill('SIGTERM');
      const timer = setTimeout(kill, STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
      process.off('exit', kill);
    },
  };
}

function endOf(child: ChildProcess): number | string | undefined {
  return child.exitCode ?? child.signalCode ?? undefined;
}

export function logTail(running: Running, lines = 15): string {
  return readFileSync(running.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

export interface ServiceSetup {
  readonly kafka: string;
  readonly group: string;
  readonly workers: number;
  /** `topic.prefix` of the connector whose topics it reads. */
  readonly prefix: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Of Node, in front of the program. */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

let program: string | undefined;

/** The compiled program, as a copy: whoever compiles meanwhile must not change what a run started with. */
function compiledProgram(): string {
  if (program === undefined) {
    // Inside the project's folder, where the packages are found.
    const copy = join(root, '.stack', `bench-${process.pid}`);
    cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(copy, 'package.json'));
    const addon = join('native', 'build', 'Release', 'handover.node');
    cpSync(join(root, addon), join(copy, addon));
    process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
    program = join(copy, 'dist', 'cli', 'openframe-stream.js');
  }
  return program;
}

/** The configuration file of a run; everything that is not named here is the product's default. */
export function writeConfig(setup: ServiceSetup): string {
  const file = join(serverFolder('service'), 'openframe-stream.yaml');
  const source = { name: `${setup.prefix}-cdc`, tool: 'tactical-rmm', topicPrefix: setup.prefix };
  const config = {
    kafka: { brokers: [setup.kafka], groupId: setup.group },
    sources: [source],
    store: { kind: 'none' },
    workers: { count: setup.workers },
    management: { port: 0 },
    log: { level: 'info', format: 'json' },
    ...setup.config,
  };
  writeFileSync(file, stringify(config));
  return file;
}

/** Starts `openframe-stream run`, as compiled. */
export function startService(setup: ServiceSetup): Running {
  const args = [...(setup.nodeArguments ?? []), compiledProgram(), 'run', '--config', writeConfig(setup)];
  return startProgram('openframe-stream', process.execPath, args, setup.env);
}

/** Runs a command of the product to its end. */
export function runCommand(setup: ServiceSetup, ...args: readonly string[]): void {
  const all = [compiledProgram(), ...args, '--config', writeConfig(setup)];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openframe-stream ${args.join(' ')}: ${stdout}${stderr}`);
}
