import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCharts } from './charts.ts';
import { type BenchOptions, runSubject, type Subject } from './harness.ts';
import { currentLoad, root } from './machine.ts';
import { SUBJECTS } from './subjects.ts';
import { writeTable } from './table.ts';

/** `npm run bench -- [SUBJECT…] [--smoke] [--quick] [--rounds N] [--records N] [--profile]`, `… list`, `… table`, `… charts`. */

const USAGE = `usage: npm run bench -- [list | table | charts | SUBJECT…]

  list           the subjects
  table          puts the newest line of every subject into README.md
  charts         draws docs/charts from the newest lines of growth, and fills docs/performance.md; with --quick from short runs, too
  --smoke        seconds in all: shows that the suite runs; subjects that need a server are skipped
  --quick        fewer records and rounds
  --rounds N     how often every arm is measured
  --records N    records of a subject that moves a fixed number of them
  --arm TEXT     only arms whose name holds this
  --profile      the pipeline's arms write CPU profiles; the functions that took most are printed
`;

export const RESULTS = join(root, 'bench', 'results');
const PLACES = {
  resultsDir: RESULTS,
  chartsDir: join(root, 'docs', 'charts'),
  page: join(root, 'docs', 'performance.md'),
};

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      records: { type: 'string' },
      arm: { type: 'string' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE);
  if (positionals[0] === 'list') {
    return print(`${SUBJECTS.map(({ name, about }) => `${name.padEnd(20)} ${about}`).join('\n')}\n`);
  }
  if (positionals[0] === 'table') return print(writeTable(RESULTS, join(root, 'README.md')));
  if (positionals[0] === 'charts') return print(await writeCharts(PLACES, values.quick));
  const unknown = positionals.filter((name) => !SUBJECTS.some((subject) => subject.name === name));
  if (unknown.length > 0)
    return complain(`no such subject: ${unknown.join(', ')}; see npm run bench -- list`);
  const options: BenchOptions = {
    smoke: values.smoke,
    quick: values.quick,
    ...countOf('rounds', values.rounds),
    ...countOf('records', values.records),
    ...(values.arm === undefined ? {} : { arm: values.arm }),
    ...(values.profile ? { profileDir: join(root, 'bench', 'results', 'profiles') } : {}),
    log: (line) => void print(`${line}\n`),
  };
  const chosen =
    positionals.length > 0 ? SUBJECTS.filter(({ name }) => positionals.includes(name)) : SUBJECTS;
  for (const subject of chosen) await measure(subject, options);
  return 0;
}

async function measure(subject: Subject, options: BenchOptions): Promise<void> {
  print(`${subject.name}: ${subject.about} (load ${currentLoad().join(' ')})\n`);
  if (options.smoke && !subject.smoke) {
    print('  skipped: needs a server, and this is the smoke form\n');
    return;
  }
  const line = await runSubject(subject, options);
  if ('skipped' in line) {
    print(`  skipped: ${line.skipped}\n`);
    return;
  }
  for (const note of line.notes) print(`  note: ${note}\n`);
  // Neither is a measurement: the one is too short, the other pays for its profiler.
  if (options.smoke || options.profileDir !== undefined) return;
  mkdirSync(RESULTS, { recursive: true });
  appendFileSync(join(RESULTS, `${subject.name}.jsonl`), `${JSON.stringify(line)}\n`);
}

function countOf<Name extends string>(name: Name, text: string | undefined): { [key in Name]?: number } {
  if (text === undefined) return {};
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} takes a whole number, got ${text}`);
  return { [name]: count } as { [key in Name]: number };
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
