import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { axisOf, chartOf } from '../../bench/chart.ts';
import { writeCharts } from '../../bench/charts.ts';
import { CheckIns } from '../../bench/generate.ts';
import { GROWTH } from '../../bench/growth.bench.ts';
import { growthHotKey, growthMisses } from '../../bench/growth-store.bench.ts';
import { type ResultLine, spreadOf } from '../../bench/harness.ts';
import { root } from '../../bench/machine.ts';
import { sizingTable } from '../../bench/sizing.ts';
import { tableOf } from '../../bench/table.ts';
import { mutationOf, newDecoder, sourceRecord } from '../../bench/worker-parts.ts';

function line(subject: string, more: Partial<ResultLine>): ResultLine {
  return {
    subject,
    date: '2026-11-27T23:00:00.000Z',
    commit: 'abc',
    dirty: false,
    quick: false,
    rounds: 2,
    machine: { cpu: 'A CPU', cores: 2 },
    load: { before: [0.1, 0.2, 0.3], after: [1, 0.2, 0.3] },
    versions: { node: '20.0.0' },
    settings: {},
    shown: ['records_per_second', 'cpu_us_per_record'],
    notes: [],
    arms: {},
    ...more,
  };
}

const figures = (rate: number, cpu: number, main: number, bytes: number) => ({
  records_per_second: spreadOf([rate * 0.9, rate * 1.1]),
  cpu_us_per_record: spreadOf([cpu]),
  main_us_per_record: spreadOf([main]),
  rss_peak_mb: spreadOf([400]),
  value_bytes: spreadOf([bytes]),
});

const SIZES = line('growth-size', {
  settings: { axis: { label: 'bytes of a value', scale: 'log', values: { '1 kB': 1000, '64 kB': 64_000 } } },
  arms: { '1 kB': figures(20_000, 48, 6, 1000), '64 kB': figures(900, 600, 120, 64_000) },
});

describe('the chart of a question', () => {
  test('is the same bytes for the same line, whatever was drawn before', async () => {
    const axis = axisOf(SIZES);
    if (axis === undefined) throw new Error('no axis');
    const first = await chartOf(SIZES, axis);
    await chartOf(line('other', { ...SIZES, arms: { '1 kB': figures(1, 2, 1, 1000) } }), axis);
    expect(await chartOf(SIZES, axis)).toBe(first);
    expect(first).toMatch(/^<svg/);
    expect(first).toContain('records per second');
    expect(first).toContain('bytes of a value');
  });

  test('stands with its numbers between the marks of its question, and the rest of the page stays', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'charts-'));
    const page = join(dir, 'page.md');
    writeFileSync(join(dir, 'growth-size.jsonl'), `${JSON.stringify(SIZES)}\n`);
    writeFileSync(
      page,
      'Before.\n<!-- growth-size:begin -->\nold\n<!-- growth-size:end -->\nWhy.\n<!-- sizing:begin -->\n<!-- sizing:end -->\n',
    );
    await writeCharts({ resultsDir: dir, chartsDir: join(dir, 'charts'), page }, false);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('Before.\n<!-- growth-size:begin -->\n![growth-size](charts/growth-size.svg)');
    expect(text).toContain('Why.');
    expect(text).not.toContain('old');
    expect(text).toContain('times the measured rate');
    expect(readFileSync(join(dir, 'charts', 'growth-size.svg'), 'utf8')).toMatch(/^<svg/);
  });

  test('has its place in the documentation, and none in the README', () => {
    const text = readFileSync(join(root, 'docs', 'performance.md'), 'utf8');
    for (const { name } of [...GROWTH, growthMisses, growthHotKey])
      expect(text).toContain(`<!-- ${name}:begin -->`);
    expect(text).toContain('<!-- sizing:begin -->');
    expect(tableOf([SIZES].filter(({ settings }) => settings.axis === undefined))).toContain(
      'No measurements',
    );
  });
});

describe('the sizing table', () => {
  const rows = (lines: ResultLine[]) =>
    (sizingTable(lines) ?? '')
      .split('\n')
      .filter((row) => row.startsWith('| ') && /\d/.test(row))
      .map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );

  test('multiplies the measured cost by the rate, for cores that are not full', () => {
    const row = rows([SIZES]).find(([value, rate]) => value === '1.0 kB' && rate === '10\u202f000');
    // 10,000 x 48 µs are 0.48 cores, at 60 % busy 0.8; half of the rate that was measured.
    expect(row).toEqual(['1.0 kB', '10\u202f000', '10', '0.80', '1', '1', '3', '400', '0.50']);
  });

  test('takes a further process where the main thread would be full, and says what is extrapolated', () => {
    const row = rows([SIZES]).find(([value, rate]) => value === '1.0 kB' && rate === '100\u202f000');
    // The main thread's 6 µs: 0.6 of a core. Workers: 42 µs, 7 cores at 60 % busy.
    expect(row?.slice(3, 6)).toEqual(['8.0', '1', '7']);
    expect(row?.at(-1)).toBe('5.0');
    // 120 µs of the main thread are two cores at 60 % busy.
    const large = rows([SIZES]).find(([value, rate]) => value === '64 kB' && rate === '10\u202f000');
    expect(large?.slice(3, 6)).toEqual(['10', '2', '4']);
  });

  test('adds what Cassandra costs where that was measured', () => {
    const store = line('pipeline-cassandra', {
      arms: {
        'writer, conditional batches': {
          client_cpu_us_per_row: spreadOf([30]),
          server_cpu_us_per_row: spreadOf([60]),
        },
      },
    });
    const row = rows([SIZES, store]).find(([value, rate]) => value === '1.0 kB' && rate === '10\u202f000');
    expect(row?.slice(-3)).toEqual(['1.3', '1.0', '0.50']);
  });

  test('is not there before sizes were measured', () => {
    expect(sizingTable([])).toBeUndefined();
  });
});

describe('check-ins of a given size', () => {
  test('are of about that size, and the same device', () => {
    const decoder = newDecoder();
    for (const valueBytes of [300, 1000, 4000, 64_000, 900_000]) {
      const checkIns = new CheckIns({ keys: 100, valueBytes });
      const { key, value } = checkIns.record(7);
      expect(Buffer.byteLength(value) / valueBytes).toBeGreaterThan(0.9);
      expect(Buffer.byteLength(value) / valueBytes).toBeLessThan(1.3);
      const mutation = mutationOf(decoder, sourceRecord(checkIns.topic, 7, key, value));
      expect(mutation.entity).toBe('device');
      expect(mutation.columns.site_id).toBeDefined();
    }
  });

  test('come from one agent as often as they are to', () => {
    const checkIns = new CheckIns({ keys: 100_000, oneKeyShare: 0.6 });
    const keys = Array.from({ length: 5000 }, (_, index) => checkIns.record(index).key);
    const ofOne = keys.filter((key) => key === '{"id":1}').length;
    expect(ofOne / keys.length).toBeGreaterThan(0.57);
    expect(ofOne / keys.length).toBeLessThan(0.63);
  });
});
