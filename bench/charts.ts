import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { axisOf, chartOf } from './chart.ts';
import type { ResultLine } from './harness.ts';
import { sizingTable } from './sizing.ts';
import { newestLines, sectionOf, withTable } from './table.ts';

/** `npm run bench -- charts`: a drawing for each question of growth, and what docs/performance.md says of it in numbers. */

const NOT_YET = 'Not measured yet.\n';

export interface ChartPlaces {
  readonly resultsDir: string;
  readonly chartsDir: string;
  /** The page with a pair of marks for each question and for the sizing table. */
  readonly page: string;
}

/** `quick`: short runs, too, to see what a chart will look like. Answers what to tell whoever called. */
export async function writeCharts(
  { resultsDir, chartsDir, page }: ChartPlaces,
  quick: boolean,
): Promise<string> {
  const lines = newestLines(resultsDir, quick);
  let text = readFileSync(page, 'utf8');
  const told: string[] = [];
  const fill = (mark: string, content: string): void => {
    const filled = withTable(text, content, mark);
    if (filled === undefined) told.push(`${basename(page)} has no marks of ${mark}`);
    text = filled ?? text;
  };
  for (const line of lines) {
    const axis = axisOf(line);
    if (axis === undefined) continue;
    const file = join(chartsDir, `${line.subject}.svg`);
    mkdirSync(chartsDir, { recursive: true });
    writeFileSync(file, await chartOf(line, axis));
    told.push(`${file} drawn`);
    fill(line.subject, questionText(line, relative(dirname(page), file)));
  }
  fill('sizing', sizingTable(lines) ?? NOT_YET);
  writeFileSync(page, text);
  return `${told.join('\n')}\n`;
}

function questionText(line: ResultLine, chart: string): string {
  return `![${line.subject}](${chart})\n\n${sectionOf(line)}`;
}
