import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ResultLine, spreadOf } from '../../bench/harness.ts';
import { newestLines, tableOf, withTable, writeTable } from '../../bench/table.ts';

function line(more: Partial<ResultLine> = {}): ResultLine {
  return {
    subject: 'frame',
    date: '2026-11-23T03:00:00.000Z',
    commit: 'abc',
    dirty: false,
    quick: false,
    rounds: 3,
    machine: { cpu: 'A CPU', cores: 2 },
    load: { before: [0.1, 0.2, 0.3], after: [1, 0.2, 0.3] },
    versions: { node: '20.0.0' },
    settings: {},
    shown: ['records_per_second', 'cpu_us_per_record', 'not_measured'],
    notes: ['A note.'],
    arms: { fill: { records_per_second: spreadOf([12350, 11000, 13000]), cpu_us_per_record: spreadOf([2]) } },
    ...more,
  };
}

const README = 'Before.\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nAfter.\n';

describe("the README's table", () => {
  test('stands between its marks and leaves the rest alone', () => {
    const text = withTable(README, 'new\n');
    expect(text).toBe('Before.\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nAfter.\n');
  });

  test('is the same when it is written twice', () => {
    const once = withTable(README, tableOf([line()]));
    expect(withTable(once ?? '', tableOf([line()]))).toBe(once);
  });

  test('is not written into a text without its marks', () => {
    expect(withTable('nothing', 'new\n')).toBeUndefined();
  });

  test('shows the median and the spread of the figures that there are, with commit, machine and load', () => {
    const table = tableOf([line()]);
    expect(table).toContain('| fill | 12\u202f350 (11\u202f000–13\u202f000) | 2.00 |');
    expect(table).toContain('|  | records/s | cpu µs/record |');
    expect(table).toContain('commit abc');
    expect(table).toContain('2 × A CPU, load 0.1 before and 1 after; node 20.0.0. A note.');
    expect(table).not.toContain('not measured');
  });

  test('takes the newest whole run of every subject', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-table-'));
    const runs = [line({ commit: 'old' }), line({ commit: 'new' }), line({ commit: 'quick', quick: true })];
    writeFileSync(join(folder, 'frame.jsonl'), `${runs.map((run) => JSON.stringify(run)).join('\n')}\n`);
    writeFileSync(join(folder, 'README.md'), README);
    expect(newestLines(folder).map(({ commit }) => commit)).toEqual(['new']);
    expect(writeTable(folder, join(folder, 'README.md'))).toContain('updated');
    expect(writeTable(folder, join(folder, 'README.md'))).toContain('up to date');
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('commit new');
  });
});

describe('a spread', () => {
  test('of an even number of samples has the mean of the middle ones as its median', () => {
    expect(spreadOf([4, 1, 3, 2])).toMatchObject({ median: 2.5, min: 1, max: 4 });
  });
});
