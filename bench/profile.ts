import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './machine.ts';
import type { Sample, Watched } from './watch.ts';

/** CPU profiles of a pipeline's threads, as time per record and function: where the time of each stage goes. */
export interface Profiling {
  readonly nodeArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
}

/** The profile's window after a thread's start: the program has joined its group and is warm by then, and still busy at the end. */
const AFTER_MS = 4000;
const FOR_MS = 4000;
const SHOWN = 28;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
  /** CPU that the thread had meanwhile. */
  readonly cpuMicros: number;
}

export function profiling(dir: string | undefined, name: string): Profiling | undefined {
  if (dir === undefined) return undefined;
  const preload = fileURLToPath(new URL('./profile-thread.mjs', import.meta.url));
  const own = join(dir, name);
  return {
    dir: own,
    nodeArguments: ['--enable-source-maps', '--import', pathToFileURL(preload).href],
    env: {
      BENCH_PROFILE_DIR: own,
      BENCH_PROFILE_AFTER_MS: process.env.BENCH_PROFILE_AFTER_MS ?? String(AFTER_MS),
      BENCH_PROFILE_FOR_MS: process.env.BENCH_PROFILE_FOR_MS ?? String(FOR_MS),
    },
  };
}

/** Prints each thread's functions by their own time. */
export async function reportProfile(
  { dir }: Profiling,
  { samples, figures }: Watched,
  log: (line: string) => void,
): Promise<void> {
  for (let wait = 0; wait < 20 && !existsSync(join(dir, 'main.cpuprofile')); wait += 1) await sleep(100);
  await sleep(500);
  if (!existsSync(dir)) return log('  no profile: the records were done before it began; take more of them');
  const perSecond = busiestRate(samples);
  log(
    `  profiles in ${dir}; ${Math.round(perSecond)} records/s, all threads ${figures.cpu_us_per_record?.toFixed(1)} µs/record`,
  );
  for (const name of readdirSync(dir).sort()) {
    const profile = JSON.parse(readFileSync(join(dir, name), 'utf8')) as CpuProfile;
    log(`  ${name}`);
    for (const line of functionTimes(profile, perSecond).slice(0, SHOWN)) log(`    ${line}`);
  }
}

/** Records per second between the warm quarter and the end: what a profile's seconds are divided by. */
function busiestRate(samples: readonly Sample[]): number {
  const last = samples.at(-1);
  const from = samples.find(({ seen }) => last !== undefined && seen >= last.seen / 4);
  if (last === undefined || from === undefined) return 0;
  return (last.seen - from.seen) / ((last.at - from.at) / 1000);
}

/**
 * `µs per record, share, function (file:line)`, the largest first. A sampler counts time that passes; on a busy machine much of that
 * passes without the thread, so the shares of the time that is not idle are applied to the CPU that the thread had.
 */
export function functionTimes(profile: CpuProfile, recordsPerSecond: number): string[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]));
  const micros = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '?';
    if (name === '(idle)') continue;
    const delta = profile.timeDeltas[index] ?? 0;
    busy += delta;
    micros.set(name, (micros.get(name) ?? 0) + delta);
  }
  const elapsed = profile.endTime - profile.startTime;
  const perRecord = profile.cpuMicros / ((recordsPerSecond * elapsed) / 1e6);
  const lines = [...micros]
    .sort(([, one], [, other]) => other - one)
    .map(
      ([name, time]) => `${figure((time / busy) * perRecord)} µs ${figure((time / busy) * 100)} %  ${name}`,
    );
  return [
    `${figure(perRecord)} µs of CPU; ${figure((busy / elapsed) * 100)} % of the time not idle`,
    ...lines,
  ];
}

function figure(value: number): string {
  return value.toFixed(2).padStart(6);
}

function frameName({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url;
  return `${name} ${path.replace(/^\.stack\/bench-\d+\//, '')}:${lineNumber + 1}`;
}
