import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultLine, Spread } from './harness.ts';

/** The README's table, made from the newest line of every subject's results. */

/** The README's marks: `<!-- bench:begin -->` and `<!-- bench:end -->`. */
const MARK = 'bench';

/** Writes the table between the README's marks; answers what to tell whoever called. */
export function writeTable(resultsDir: string, readme: string): string {
  // What grows with what is drawn in docs/performance.md (charts.ts).
  const table = tableOf(newestLines(resultsDir).filter(({ settings }) => settings.axis === undefined));
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  const changed = withTable(text, table);
  if (changed === undefined) return `${table}\nnot written: ${readme} has no marks of ${MARK}\n`;
  if (changed === text) return `${readme} is up to date\n`;
  writeFileSync(readme, changed);
  return `${readme} updated\n`;
}

/** The text with the table between its marks; undefined when it has none. */
export function withTable(text: string, table: string, mark = MARK): string | undefined {
  const head = `<!-- ${mark}:begin -->`;
  const begin = text.indexOf(head);
  const end = text.indexOf(`<!-- ${mark}:end -->`, begin);
  if (begin < 0 || end < 0) return undefined;
  return `${text.slice(0, begin + head.length)}\n${table}${text.slice(end)}`;
}

/** The newest whole run of each subject, by the subjects' names; `quick`: the newest run of any length. */
export function newestLines(resultsDir: string, quick = false): ResultLine[] {
  if (!existsSync(resultsDir)) return [];
  return readdirSync(resultsDir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => {
      const lines = readFileSync(join(resultsDir, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      const last = lines
        .map((line) => JSON.parse(line) as ResultLine)
        .findLast((line) => quick || !line.quick);
      return last === undefined ? [] : [last];
    });
}

export function tableOf(lines: readonly ResultLine[]): string {
  if (lines.length === 0) return 'No measurements yet: `npm run bench`.\n';
  return `${lines.map(sectionOf).join('\n')}`;
}

export function sectionOf(line: ResultLine): string {
  const arms = Object.entries(line.arms);
  const figures = line.shown.filter((name) => arms.some(([, spreads]) => spreads[name] !== undefined));
  const rows = arms.map(([name, spreads]) => [name, ...figures.map((figure) => spreadText(spreads[figure]))]);
  const table = [['', ...figures.map(headingOf)], ['---', ...figures.map(() => '---:')], ...rows];
  const { cpu, cores } = line.machine;
  const [before = 0] = line.load.before;
  const [after = 0] = line.load.after;
  const versions = Object.entries(line.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `**${line.subject}**: median (least–most) of ${line.rounds}, ${line.date.slice(0, 10)}, commit ${line.commit}${line.dirty ? ' with changes' : ''}`,
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `${cores} × ${cpu}, load ${before} before and ${after} after; ${versions.join(', ')}.${line.notes.map((note) => ` ${note}`).join('')}`,
    '',
  ].join('\n');
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const { median, min, max } = spread;
  return min === max ? figureText(median) : `${figureText(median)} (${figureText(min)}–${figureText(max)})`;
}

function figureText(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US').replaceAll(',', '\u202f');
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_us_per_(\w+)$/, ' µs/$1'],
  [/^us_per_(\w+)$/, 'µs/$1'],
  [/_per_second$/, '/s'],
  [/_us$/, ' µs'],
  [/_mb$/, ' MB'],
  [/_seconds$/, ' s'],
];

/** `cpu_us_per_record` as `cpu µs/record`. */
function headingOf(figure: string): string {
  for (const [pattern, unit] of UNITS) {
    if (pattern.test(figure)) return figure.replace(pattern, unit).replaceAll('_', ' ');
  }
  return figure.replaceAll('_', ' ');
}
