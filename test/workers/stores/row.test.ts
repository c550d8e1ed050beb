import { describe, expect, it } from 'vitest';
import { plainDecimal } from '../../../src/workers/stores/column-values.ts';
import { exportRow, jsonLine } from '../../../src/workers/stores/export-row.ts';
import { applyMutation, bucketOfId } from '../../../src/workers/stores/row.ts';
import type { Row } from '../../../src/workers/stores/store.ts';
import { deletion, device, facet } from './samples.ts';

function folded(...mutations: ReturnType<typeof device>[]): Row {
  let row: Row | undefined;
  for (const mutation of mutations) row = applyMutation(row, mutation).row;
  if (row === undefined) throw new Error('no mutation');
  return row;
}

describe('buckets', () => {
  it('never change: they are part of primary keys', () => {
    const ids = ['', '1', '42', 'node//$@abc', '0b1f6c3e-7f0e-4a57-9d0e-3b8f1f0c2a11', 'ü世\u{1F600}'];
    expect(ids.map((id) => bucketOfId(id, 256))).toMatchInlineSnapshot(`
      [
        11,
        143,
        189,
        142,
        67,
        2,
      ]
    `);
  });

  it('are even for consecutive numbers', () => {
    const counts = new Array<number>(256).fill(0);
    for (let id = 0; id < 256 * 200; id += 1) {
      const bucket = bucketOfId(String(id), 256);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(130);
    expect(Math.max(...counts)).toBeLessThan(270);
  });
});

describe('decimals', () => {
  it.each(['', '.', '-', '1e', 'abc', '1_0', '0x1', ' 1', '1e9999', 'NaN'])(
    'are not made of "%s"',
    (text) => {
      expect(plainDecimal(text)).toBeUndefined();
    },
  );

  it.each([
    ['5.', '5'],
    ['-1.50e1', '-15.0'],
    ['12e-1', '1.2'],
    ['0e5', '0'],
    ['1e-3', '0.001'],
    ['+0.10', '0.10'],
  ])('%s are plain as %s', (text, plain) => {
    expect(plainDecimal(text)).toBe(plain);
  });
});

describe('exported rows', () => {
  it('have sorted keys, times in ISO 8601, exact 64-bit integers and no versions', () => {
    const row = folded(
      device('d1', 1, {
        hostname: 'h',
        memory_bytes: 2n ** 63n - 1n,
        tags: ['a', 'b'],
        disk_total_gb: '0.00',
      }),
      facet('d1', 'host_seen_times', 7, { last_seen: 1_763_860_000_120 }),
    );
    const line = jsonLine(exportRow(row, { includeDeleted: false }) ?? {});
    expect(line).toBe(
      '{"disk_total_gb":"0.00","hostname":"h","id":"d1","last_seen":"2025-11-23T01:06:40.120Z",' +
        '"memory_bytes":9223372036854775807,"source_ts":"2023-11-14T22:13:20.007Z","tags":["a","b"],"tool":"fleet-mdm"}',
    );
  });

  it('leave out rows that only facets have written', () => {
    expect(
      exportRow(folded(facet('d1', 'host_mdm', 1, { mdm_enrolled: true })), { includeDeleted: true }),
    ).toBeNull();
  });

  it('show deleted rows only when asked, and nothing of what other facets still hold', () => {
    const row = folded(facet('d1', 'host_seen_times', 9, { last_seen: 5 }), deletion('d1', 3));
    expect(exportRow(row, { includeDeleted: false })).toBeNull();
    expect(exportRow(row, { includeDeleted: true })).toEqual({
      deleted: true,
      id: 'd1',
      source_ts: '2023-11-14T22:13:20.009Z',
      tool: 'fleet-mdm',
    });
  });
});
