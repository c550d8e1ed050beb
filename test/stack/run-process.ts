import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noteServer } from './runs.ts';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'openframe-stream.mjs');
const CHECK_MS = 50;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** `openframe-stream run` as a process of its own, with what it logs and how it ends. */
export class RunProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ending>;
  #log = '';
  #stderr = '';
  #ending: Ending | undefined;

  constructor(args: readonly string[]) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OPENFRAME_STREAM_'));
    this.#child = spawn(process.execPath, [PROGRAM, 'run', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: Object.fromEntries(inherited),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#ending = { code, signal, stderr: this.#stderr };
        resolve(this.#ending);
      });
    });
    // A killed test run leaves it to the next one.
    if (this.#child.pid !== undefined) noteServer(this.#child.pid);
  }

  /** Everything logged so far, JSON lines. */
  get log(): string {
    return this.#log;
  }

  /** How often a text stands in the log. */
  logged(text: string): number {
    return this.#log.split(text).length - 1;
  }

  async untilLogged(text: string, withinMs = 120_000): Promise<void> {
    await this.#until(() => this.logged(text) > 0, `logged "${text}"`, withinMs);
  }

  /** The most memory that was resident so far, MB. */
  get peakMb(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
  }

  /** The readiness probe's answer, as `<status> <detail>`. */
  async readiness(): Promise<string> {
    const response = await fetch(`${this.#managementUrl()}/health/readiness`);
    const body = (await response.json()) as { readonly detail: string };
    return `${response.status} ${body.detail}`;
  }

  async untilReadiness(expected: string, withinMs = 120_000): Promise<void> {
    await this.untilLogged('management port open', withinMs);
    let last = '';
    const asked = async (): Promise<boolean> => {
      last = await this.readiness().catch((error: unknown) => String(error));
      return last === expected;
    };
    await this.#until(asked, () => `answered "${expected}" but "${last}"`, withinMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How it ends; rejects with what it logged if it does not. */
  async endsWithin(ms: number): Promise<Ending> {
    await this.#until(() => this.#ending !== undefined, 'ended', ms);
    return await this.ended;
  }

  async kill9(): Promise<void> {
    if (this.#ending === undefined) this.#child.kill('SIGKILL');
    await this.ended;
  }

  #managementUrl(): string {
    const port = /"port":(\d+),"msg":"management port open"/.exec(this.#log)?.[1];
    return `http://127.0.0.1:${port}/management/v1`;
  }

  async #until(
    holds: () => boolean | Promise<boolean>,
    what: string | (() => string),
    withinMs: number,
  ): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!(await holds())) {
      const told = `the service has not ${typeof what === 'string' ? what : what()}`;
      if (this.#ending !== undefined) throw new Error(`${told} and ended: ${this.#output()}`);
      if (Date.now() > deadline) throw new Error(`${told} within ${withinMs / 1000} s: ${this.#output()}`);
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
    }
  }

  #output(): string {
    return `${this.#log}${this.#stderr}`.split('\n').slice(-30).join('\n');
  }
}
