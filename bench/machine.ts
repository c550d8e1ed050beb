import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Kafka from 'node-rdkafka';

/** Where and with what a measurement was made. */

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export function describeMachine(): Record<string, unknown> {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  };
}

/** Load averages of 1, 5 and 15 minutes: what else the machine did. */
export function currentLoad(): number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}

export function describeVersions(): Record<string, string> {
  return { node: process.versions.node, librdkafka: Kafka.librdkafkaVersion };
}

/** The Java that servers and peers run on. */
export function javaVersion(): string {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return /version "([^"]+)"/.exec(stderr ?? '')?.[1] ?? 'unknown';
}

/** A jar's version, by the names of the files of the stack's folders. */
export function jarVersion(names: readonly string[], artifact: string): string {
  const jar = names.find(
    (name) => name.startsWith(`${artifact}-`) && /\d/.test(name[artifact.length + 1] ?? ''),
  );
  return jar?.slice(artifact.length + 1, -'.jar'.length) ?? 'unknown';
}

export function describeSource(): { readonly commit: string; readonly dirty: boolean } {
  const commit = git(['rev-parse', '--short=12', 'HEAD']);
  // The results themselves are no part of what was measured.
  const changes = git(['status', '--porcelain', '--untracked-files=no', '--', 'src', 'package-lock.json']);
  return { commit: commit === '' ? 'unknown' : commit, dirty: changes !== '' };
}

function git(args: readonly string[]): string {
  const { stdout, status } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

/** What /proc tells of a process and its threads; zeros when it is gone. */
export interface ProcessTimes {
  /** CPU of all threads, ended ones included, s. */
  readonly cpuSeconds: number;
  /** CPU of the main thread, s. */
  readonly mainSeconds: number;
}

const TICKS_PER_SECOND = 100;

export function processTimes(pid: number): ProcessTimes {
  return { cpuSeconds: tickSeconds(`/proc/${pid}/stat`), mainSeconds: threadSeconds(pid, pid) };
}

/** CPU of one thread, s: in nanoseconds where the kernel keeps schedstat, otherwise in ticks of 10 ms. */
export function threadSeconds(pid: number, thread: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return tickSeconds(`/proc/${pid}/task/${thread}/stat`);
  }
}

function tickSeconds(path: string): number {
  try {
    const stat = readFileSync(path, 'utf8');
    // The command name may hold blanks and brackets; the fields after its last bracket are plain.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return { now: kibibytes('VmRSS') / 1024, peak: kibibytes('VmHWM') / 1024 };
  } catch {
    return { now: 0, peak: 0 };
  }
}
