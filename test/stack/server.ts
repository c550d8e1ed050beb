import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noteServer, removeRunFolder } from './runs.ts';

/** A server that a test started. */
export interface Server {
  /** `host:port`. */
  readonly address: string;
  /** Of the present process: changes with `restart`. */
  readonly pid: number;
  /** Orderly; hard when the server does not end in time. */
  stop(): Promise<void>;
  /** As when the machine loses its power: no goodbye to clients, nothing flushed. */
  kill9(): Promise<void>;
  /** Starts it again on the same data and port, after stopping it if it runs. Resolves when it is ready. */
  restart(): Promise<void>;
}

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerSpec {
  readonly name: string;
  /** Holds the log; the data too, as a rule. */
  readonly dir: string;
  readonly address: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For servers that refuse to run as root. */
  readonly user?: SystemUser | undefined;
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** Whether the server does its work; asked again and again until it says yes. */
  isReady(): Promise<boolean>;
}

/** Generous: a Java server on two busy cores needs ten times what it needs on idle ones. */
const READY_WITHIN_MS = 240_000;
const STOPPED_WITHIN_MS = 45_000;
const PROBE_INTERVAL_MS = 100;
const LOG_TAIL_LINES = 25;

const running = new Set<ServerProcess>();

export async function startServer(spec: ServerSpec): Promise<Server> {
  endServersWithThisProcess();
  const server = new ServerProcess(spec);
  await server.start();
  return server;
}

class ServerProcess implements Server {
  readonly #spec: ServerSpec;
  readonly #logFile: string;
  #child: ChildProcess | undefined;

  constructor(spec: ServerSpec) {
    this.#spec = spec;
    this.#logFile = join(spec.dir, `${spec.name}.log`);
  }

  get address(): string {
    return this.#spec.address;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) {
      throw new Error(`${this.#spec.name} does not run`);
    }
    return pid;
  }

  async start(): Promise<void> {
    if (await this.#spec.isReady().catch(() => false)) {
      // Or a stranger would pass for the server that could not take its port.
      throw new Error(`${this.#spec.name} cannot start: something answers at ${this.address} already`);
    }
    const log = openSync(this.#logFile, 'a');
    try {
      this.#child = spawn(this.#spec.command, this.#spec.args, {
        cwd: this.#spec.dir,
        env: { ...process.env, ...this.#spec.env },
        stdio: ['ignore', log, log],
        // A process group of its own: the terminal's Ctrl+C goes to the test runner, which then stops the servers in order.
        detached: true,
        ...this.#spec.user,
      });
    } finally {
      closeSync(log);
    }
    // Without a listener, a command that cannot be started would end the whole test process.
    this.#child.once('error', () => undefined);
    running.add(this);
    if (this.#child.pid !== undefined) {
      noteServer(this.#child.pid);
    }
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    await this.#end(this.#spec.stopSignal ?? 'SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** For the moment when the process exits and nothing can be awaited. */
  killNow(): void {
    if (this.#child?.pid !== undefined && !hasEnded(this.#child)) {
      try {
        process.kill(-this.#child.pid, 'SIGKILL');
      } catch {
        // Ended in between.
      }
    }
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#child === undefined || hasEnded(this.#child)) {
        running.delete(this);
        throw new Error(this.#complaint('ended before it was ready'));
      }
      if (await this.#spec.isReady().catch(() => false)) {
        return;
      }
      if (Date.now() > deadline) {
        await this.kill9();
        throw new Error(this.#complaint(`was not ready after ${READY_WITHIN_MS / 1000} s`));
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.pid === undefined || hasEnded(child)) {
      running.delete(this);
      return;
    }
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // SIGKILL to the group, so that no child of the server (PostgreSQL has many) keeps its port or files.
    process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
    const timer = setTimeout(() => this.killNow(), STOPPED_WITHIN_MS);
    await ended;
    clearTimeout(timer);
    running.delete(this);
  }

  #complaint(what: string): string {
    const { name, command } = this.#spec;
    return `${name} (${command}) ${what}; the end of its log ${this.#logFile}:\n${tail(this.#logFile)}`;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function tail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.slice(-LOG_TAIL_LINES).join('\n');
}

let endsServers = false;

/** Whatever ends the test process takes its servers along; a kill -9 of it is left to the next run (runs.ts). */
function endServersWithThisProcess(): void {
  if (endsServers) {
    return;
  }
  endsServers = true;
  process.once('exit', () => {
    for (const server of running) {
      server.killNow();
    }
    removeRunFolder();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  }
}

/** Runs a preparing command (initdb and the like) to its end. */
export function prepare(command: string, args: readonly string[], user?: SystemUser): void {
  const result = spawnSync(command, args, { ...user, encoding: 'utf8', cwd: '/' });
  if (result.status !== 0) {
    const why = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
    throw new Error(`${command} failed (${result.status ?? result.signal}): ${why}`);
  }
}

/** The account to drop to when this process is root; undefined otherwise. */
export function unprivileged(name: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(`root may not run this server, and there is no user ${name}`);
  }
  return { uid: Number(uid), gid: Number(gid) };
}
