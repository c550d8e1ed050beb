import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnalyticsFrameReader, AnalyticsFrameWriter } from '../../src/shared/analytics-frame.ts';

interface Given {
  readonly record: number;
  readonly topic: number;
  readonly key: string;
  readonly value: string;
}

function fill(entries: readonly Given[], bytes: number): SharedArrayBuffer {
  const writer = new AnalyticsFrameWriter(new SharedArrayBuffer(bytes));
  for (const { record, topic, key, value } of entries) writer.append(record, topic, key, value);
  expect(writer.count).toBe(entries.length);
  return writer.finish();
}

function entriesOf(buffer: SharedArrayBuffer): Given[] {
  const reader = new AnalyticsFrameReader(buffer);
  return Array.from({ length: reader.count }, (_, index) => ({
    record: reader.recordIndex(index),
    topic: reader.topicIndex(index),
    key: reader.key(index).toString(),
    value: reader.value(index).toString(),
  }));
}

const ENTRY: Given = { record: 0, topic: 2, key: 'tactical-rmm:1', value: '{"a":"ö\u2028🧨"}' };

describe('an analytics frame', () => {
  test.each<[string, (view: DataView) => void, RegExp]>([
    ['without its mark', (view) => view.setUint32(0, 7, true), /no analytics frame/],
    ['that claims too many bytes', (view) => view.setUint32(8, 1 << 30, true), /over-full/],
    ['that claims too many entries', (view) => view.setUint32(4, 2, true), /out of bounds/],
    ['with an entry of no size', (view) => view.setUint32(16, 0, true), /out of bounds/],
  ])('%s is an assertion and not a wrong record', (_name, damage, message) => {
    const buffer = fill([ENTRY], 4096);
    damage(new DataView(buffer));
    expect(() => new AnalyticsFrameReader(buffer)).toThrow(message);
  });

  test('of an earlier batch is not read again: a batch without analytics seals an empty one', () => {
    const buffer = fill([ENTRY, ENTRY], 4096);
    expect(new AnalyticsFrameWriter(buffer).finish()).toBe(buffer);
    expect(new AnalyticsFrameReader(buffer).count).toBe(0);
  });

  test('stays in the buffer that it was given while that has room', () => {
    const buffer = new SharedArrayBuffer(4096);
    const writer = new AnalyticsFrameWriter(buffer);
    writer.append(0, 1, 'k', 'v');
    expect(writer.finish()).toBe(buffer);
  });

  test('grows beyond the buffer that it was given and keeps what it held', () => {
    const entries = Array.from({ length: 50 }, (_, record) => ({
      ...ENTRY,
      record,
      value: 'ä'.repeat(record * 100),
    }));
    expect(entriesOf(fill(entries, 256))).toEqual(entries);
    const huge = { ...ENTRY, value: '☕'.repeat(2_000_000) };
    expect(entriesOf(fill([ENTRY, huge, ENTRY], 65_536))).toEqual([ENTRY, huge, ENTRY]);
  });

  test('gives back whatever was put into it', () => {
    const entry = fc.record({
      record: fc.nat({ max: 100_000 }),
      topic: fc.nat({ max: 10 }),
      key: fc.string({ unit: 'grapheme', maxLength: 40 }),
      value: fc.string({ unit: 'grapheme', maxLength: 400 }),
    });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 30 }),
        fc.integer({ min: 64, max: 8192 }),
        (entries, bytes) => {
          expect(entriesOf(fill(entries, bytes))).toEqual(entries);
        },
      ),
      { numRuns: 100 },
    );
  });
});
