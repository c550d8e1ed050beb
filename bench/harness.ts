import { currentLoad, describeMachine, describeSource, describeVersions } from './machine.ts';

/** Figures of one run of an arm, by name. A name says its unit: `cpu_us_per_record`, `rss_peak_mb`. */
export type Figures = Readonly<Record<string, number>>;

/** One way to do the work of a subject. */
export interface Arm {
  readonly name: string;
  measure(): Promise<Figures>;
}

/** A subject with everything ready that its arms share. */
export interface OpenSubject {
  readonly arms: readonly Arm[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of servers that take part. */
  readonly versions?: Readonly<Record<string, string>>;
  /** What a reader of the figures has to know. */
  readonly notes?: readonly string[];
  close?(): Promise<void>;
}

export interface Skipped {
  readonly skipped: string;
}

export interface BenchOptions {
  /** Seconds in all: the figures show that the suite runs, and nothing else. */
  readonly smoke: boolean;
  /** A tenth of the records. */
  readonly quick: boolean;
  readonly rounds?: number;
  readonly records?: number;
  /** Only arms whose name holds this. */
  readonly arm?: string;
  /** Where profiles go; undefined for no profile. */
  readonly profileDir?: string;
  readonly log: (line: string) => void;
}

export interface Subject {
  readonly name: string;
  readonly about: string;
  /** The figures that the table shows, the most telling one first. */
  readonly shown: readonly string[];
  readonly rounds: number;
  /**
   * Whether a first round is thrown away. Subjects that start processes leave the start out by themselves, but not that of a server which
   * compiles as it goes.
   */
  readonly warmUp: boolean;
  /** Whether it needs no server, so that `--smoke` runs it. */
  readonly smoke: boolean;
  open(options: BenchOptions): Promise<OpenSubject | Skipped>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

/** One line of results/<subject>.jsonl. */
export interface ResultLine {
  readonly subject: string;
  readonly date: string;
  readonly commit: string;
  /** Whether the tree differed from the commit. */
  readonly dirty: boolean;
  /** Whether it moved fewer records than a measurement for the record does. */
  readonly quick: boolean;
  readonly rounds: number;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly shown: readonly string[];
  readonly notes: readonly string[];
  readonly arms: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
}

/** Runs a subject: its arms in turn, in the opposite order in every other round, so that what drifts does so for all of them. */
export async function runSubject(subject: Subject, options: BenchOptions): Promise<ResultLine | Skipped> {
  const source = describeSource();
  const before = currentLoad();
  const opened = await subject.open(options);
  if ('skipped' in opened) return opened;
  const rounds = options.rounds ?? (options.smoke ? 1 : options.quick ? 2 : subject.rounds);
  const arms = opened.arms.filter(({ name }) => name.includes(options.arm ?? ''));
  const samples = new Map<string, Map<string, number[]>>();
  try {
    if (subject.warmUp && !options.smoke) await runRound(arms, () => undefined);
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? arms : [...arms].reverse();
      await runRound(order, (arm, figures) => {
        options.log(`  ${round + 1}/${rounds} ${arm.name}: ${shownFigures(figures, subject.shown)}`);
        addSample(samples, arm.name, figures);
      });
    }
  } finally {
    await opened.close?.();
  }
  return {
    subject: subject.name,
    date: new Date().toISOString(),
    ...source,
    quick: options.quick || options.smoke || options.records !== undefined || options.arm !== undefined,
    rounds,
    machine: describeMachine(),
    load: { before, after: currentLoad() },
    versions: { ...describeVersions(), ...opened.versions },
    settings: opened.settings,
    shown: subject.shown,
    notes: opened.notes ?? [],
    arms: Object.fromEntries(arms.map(({ name }) => [name, spreads(samples.get(name))])),
  };
}

async function runRound(arms: readonly Arm[], done: (arm: Arm, figures: Figures) => void): Promise<void> {
  for (const arm of arms) done(arm, await arm.measure());
}

function addSample(samples: Map<string, Map<string, number[]>>, arm: string, figures: Figures): void {
  const ofArm = samples.get(arm) ?? new Map<string, number[]>();
  samples.set(arm, ofArm);
  for (const [name, value] of Object.entries(figures)) {
    const values = ofArm.get(name);
    if (values === undefined) ofArm.set(name, [value]);
    else values.push(value);
  }
}

function spreads(figures: ReadonlyMap<string, readonly number[]> | undefined): Record<string, Spread> {
  return Object.fromEntries([...(figures ?? [])].map(([name, values]) => [name, spreadOf(values)]));
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.map(rounded).sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : rounded(((sorted[middle - 1] ?? 0) + upper) / 2);
  return { median, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, samples: values.map(rounded) };
}

/** Four digits are more than any of this is good for. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function shownFigures(figures: Figures, shown: readonly string[]): string {
  return shown
    .filter((name) => figures[name] !== undefined)
    .map((name) => `${name} ${rounded(figures[name] ?? 0)}`)
    .join(', ');
}

/** Repeats work on one thread until the time is over. `work` answers how many records it did. */
export async function timed(forMs: number, work: () => number | Promise<number>): Promise<Figures> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  let records = 0;
  let now = started;
  while (now - started < forMs) {
    const done = work();
    records += typeof done === 'number' ? done : await done;
    now = performance.now();
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    us_per_record: ((now - started) * 1000) / records,
    // Of every thread of this process: garbage collection and compilation too.
    cpu_us_per_record: (user + system) / records,
    records,
  };
}

/** How long one arm of a subject of one thread works, ms. */
export function workMs({ smoke, quick }: BenchOptions): number {
  return smoke ? 150 : quick ? 700 : 2000;
}

/** Records for a subject that moves a fixed number of them. */
export function recordCount({ smoke, quick, records }: BenchOptions, whole: number, inSmoke: number): number {
  return records ?? (smoke ? inSmoke : quick ? Math.ceil(whole / 10) : whole);
}
