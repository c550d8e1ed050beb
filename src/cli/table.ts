import Table from 'cli-table3';
import { UsageError } from '../shared/errors.ts';

export const OUTPUTS = ['table', 'json', 'jsonl'] as const;
export type Output = (typeof OUTPUTS)[number];

/** Longer cells would push the columns behind them off the screen; the JSON forms cut nothing. */
const CELL_CHARACTERS_MAX = 100;

/** Of an `--output` option. */
export function parseOutput(text: string): Output {
  const output = OUTPUTS.find((known) => known === text);
  if (output === undefined) throw new UsageError(`--output: got ${text}, takes ${OUTPUTS.join(' | ')}`);
  return output;
}

/** A listing in the form that was asked for. `columns` are the keys shown in a table, in their order; JSON forms hold them all. */
export function listing<Row extends object>(
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
  output: Output,
): string {
  if (output === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  if (output === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (rows.length === 0) return '';
  const table = new Table({
    head: [...columns],
    // Plain text: a listing is as readable in a file and in a log as on a terminal.
    style: { head: [], border: [], compact: true },
    chars: PLAIN,
  });
  for (const row of rows) table.push(columns.map((column) => cellText(row[column])));
  return `${table.toString().replace(/ +$/gm, '')}\n`;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_CHARACTERS_MAX ? `${text.slice(0, CELL_CHARACTERS_MAX - 1)}…` : text;
}

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};
