import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './machine.ts';
import { type CpuProfile, type SeenThread, stagesOfRun } from './stage-table.ts';
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

/** Prints the CPU per record by stage, and each thread's functions by their own time. */
export async function reportProfile(
  { dir }: Profiling,
  { samples, figures }: Watched,
  log: (line: string) => void,
): Promise<void> {
  for (let wait = 0; wait < 20 && !existsSync(join(dir, 'main.cpuprofile')); wait += 1) await sleep(100);
  await sleep(500);
  if (!existsSync(dir)) return log('  no profile: the records were done before it began; take more of them');
  const profiles = profilesIn(dir);
  const recordsIn = recordCounter(samples);
  log(
    `  profiles in ${dir}; whole run ${figures.cpu_us_per_record?.toFixed(1)} µs of CPU per record, the profiler's own included`,
  );
  const table = stagesOfRun(profiles, seenThreads(dir), recordsIn);
  writeFileSync(join(dir, 'stages.md'), `${table.join('\n')}\n`);
  for (const line of table) log(`    ${line}`);
  for (const [name, profile] of profiles) {
    log(`  ${name}`);
    for (const line of functionTimes(profile, recordsIn(profile)).slice(0, SHOWN)) log(`    ${line}`);
  }
}

/** By the thread's name: `main`, `worker-1`. */
function profilesIn(dir: string): Map<string, CpuProfile> {
  const files = readdirSync(dir).filter((name) => name.endsWith('.cpuprofile'));
  return new Map(
    files.sort().map((file) => {
      const profile = JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
      return [file.replace('.cpuprofile', ''), profile];
    }),
  );
}

function seenThreads(dir: string): SeenThread[] {
  const file = join(dir, 'threads.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SeenThread[]) : [];
}

/**
 * Answers how many records came out through a profile's window. V8 stamps profiles with the machine's monotonic clock, which all processes
 * share.
 */
function recordCounter(
  samples: readonly Sample[],
): (window: Pick<CpuProfile, 'startTime' | 'endTime'>) => number {
  const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return ({ startTime, endTime }) =>
    seenAt(samples, endTime / 1000 - originMs) - seenAt(samples, startTime / 1000 - originMs);
}

/** Records seen at a time between two looks, as if they had come evenly. */
export function seenAt(samples: readonly Pick<Sample, 'at' | 'seen'>[], at: number): number {
  const after = samples.findIndex((sample) => sample.at > at);
  const next = samples[after];
  const last = samples[after - 1];
  if (next === undefined) return samples.at(-1)?.seen ?? 0;
  if (last === undefined) return next.seen;
  return last.seen + ((at - last.at) / (next.at - last.at)) * (next.seen - last.seen);
}

/**
 * `µs per record, share, function (file:line)`, the largest first. A sampler counts time that passes; on a busy machine much of that
 * passes without the thread, so the shares of the time that is not idle are applied to the CPU that the thread had.
 */
export function functionTimes(profile: CpuProfile, records: number): string[] {
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
  const perRecord = profile.cpuMicros / records;
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
