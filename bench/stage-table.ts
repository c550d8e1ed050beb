import { spawnSync } from 'node:child_process';
import { must } from '../src/shared/assert.ts';
import { root } from './machine.ts';
import {
  type Frame,
  fileOf,
  STAGES,
  type Stage,
  stageOf,
  stageOfNativeThread,
  type ThreadKind,
} from './stages.ts';

/** CPU per record by stage and kind of thread, from the profiles of the threads that run JavaScript and from /proc for all others. */

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
  /** CPU that the thread had meanwhile. */
  readonly cpuMicros: number;
  /** The kernel's id of the thread. */
  readonly thread: number;
}

/** A thread as the profiled program's main thread saw it through the window of its own profile. */
export interface SeenThread {
  readonly thread: number;
  readonly name: string;
  readonly client?: string;
  readonly cpuMicros: number;
}

const COLUMNS = ['main', 'workers', 'librdkafka', 'other threads'] as const;
type Column = (typeof COLUMNS)[number];
export type StageTimes = ReadonlyMap<Stage, number>;

/** µs of CPU by stage; what only the profiler costs is left out. */
export function stageMicros(profile: CpuProfile, thread: ThreadKind): StageTimes {
  const stages = stagesOfNodes(profile, thread);
  const micros = new Map<Stage, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const stage = stages.get(id);
    if (stage === 'idle') continue;
    const delta = profile.timeDeltas[index] ?? 0;
    busy += delta;
    if (stage !== undefined) micros.set(stage, (micros.get(stage) ?? 0) + delta);
  }
  // A sampler counts time that passes, with or without the thread: the shares are applied to the CPU that it had.
  return new Map([...micros].map(([stage, time]) => [stage, (time / busy) * profile.cpuMicros]));
}

function stagesOfNodes({ nodes }: CpuProfile, thread: ThreadKind): Map<number, Stage | 'idle' | undefined> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const frames = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }): [number, Frame] => [
      id,
      { name: functionName, file: fileOf(url, root) },
    ]),
  );
  const stackOf = (id: number): Frame[] => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
      stack.push(must(frames.get(at), 'frame of a profile'));
    return stack;
  };
  return new Map(
    nodes.map(({ id }) => [
      id,
      frames.get(id)?.name === '(idle)' ? ('idle' as const) : stageOf(stackOf(id), thread),
    ]),
  );
}

/** Threads that run no JavaScript: µs of CPU by stage, librdkafka's and all others. */
export function nativeMicros(
  seen: readonly SeenThread[],
  profiled: ReadonlySet<number>,
  helpers: number,
): { readonly librdkafka: StageTimes; readonly others: StageTimes } {
  const native = seen
    .filter(({ thread }) => !profiled.has(thread))
    .sort((one, other) => one.thread - other.thread);
  const unnamed = native.filter(({ name }) => !/^(rdk|v8):/.test(name));
  const oldest = new Set(unnamed.slice(0, helpers));
  const times = { librdkafka: new Map<Stage, number>(), others: new Map<Stage, number>() };
  for (const thread of native) {
    const stage = stageOfNativeThread({ ...thread, helper: oldest.has(thread) });
    const of = thread.name.startsWith('rdk:') ? times.librdkafka : times.others;
    if (stage !== undefined) of.set(stage, (of.get(stage) ?? 0) + thread.cpuMicros);
  }
  return times;
}

/** How many threads Node has beside the main one before anything runs on libuv's pool: V8's helpers and the inspector's. */
export function helperThreads(): number {
  const count = `process.stdout.write(String(require('node:fs').readdirSync('/proc/self/task').length - 1))`;
  return Number(spawnSync(process.execPath, ['-e', count], { encoding: 'utf8' }).stdout);
}

/** `times`: µs per record. */
export function stageTable(times: Readonly<Record<Column, StageTimes>>): string[] {
  const sumOf = (column: Column): number => [...times[column].values()].reduce((sum, one) => sum + one, 0);
  const whole = COLUMNS.reduce((sum, column) => sum + sumOf(column), 0);
  const row = (name: string, values: readonly number[]): string => {
    const all = values.reduce((sum, one) => sum + one, 0);
    const cells = [...values.map(cellOf), cellOf(all), `${((all / whole) * 100).toFixed(0)} %`];
    return `| ${[name, ...cells].join(' | ')} |`;
  };
  return [
    `| µs of CPU per record | ${COLUMNS.join(' | ')} | all | share |`,
    `| --- | ${COLUMNS.map(() => '---:').join(' | ')} | ---: | ---: |`,
    ...STAGES.map((stage) => ({ stage, values: COLUMNS.map((column) => times[column].get(stage) ?? 0) }))
      .filter(({ values }) => values.some((value) => value > 0))
      .map(({ stage, values }) => row(stage, values)),
    row('**all**', COLUMNS.map(sumOf)),
  ];
}

function cellOf(value: number): string {
  return value === 0 ? '' : value.toFixed(2);
}

/** Everything at once: the profiles of the threads, main's list of all threads, and how many records there were in a profile's window. */
export function stagesOfRun(
  profiles: ReadonlyMap<string, CpuProfile>,
  seen: readonly SeenThread[],
  recordsIn: (profile: CpuProfile) => number,
): string[] {
  const times: Record<Column, Map<Stage, number>> = {
    main: new Map(),
    workers: new Map(),
    librdkafka: new Map(),
    'other threads': new Map(),
  };
  const add = (column: Column, micros: StageTimes, profile: CpuProfile): void => {
    const records = recordsIn(profile);
    for (const [stage, time] of micros)
      times[column].set(stage, (times[column].get(stage) ?? 0) + time / records);
  };
  for (const [name, profile] of profiles) {
    const thread = name === 'main' ? 'main' : 'worker';
    add(thread === 'main' ? 'main' : 'workers', stageMicros(profile, thread), profile);
  }
  const main = profiles.get('main');
  if (main !== undefined) {
    const profiled = new Set([...profiles.values()].map(({ thread }) => thread));
    const { librdkafka, others } = nativeMicros(seen, profiled, helperThreads());
    add('librdkafka', librdkafka, main);
    add('other threads', others, main);
  }
  return stageTable(times);
}
