import { describe, expect, test } from 'vitest';
import { CheckIns, references } from '../../bench/generate.ts';
import { mutationOf, newDecoder, sourceRecord } from '../../bench/worker-parts.ts';

describe('generated check-ins', () => {
  const decoder = newDecoder();
  const decoded = (checkIns: CheckIns, index: number) => {
    const { key, value } = checkIns.record(index);
    return mutationOf(decoder, sourceRecord(checkIns.topic, index, key, value));
  };

  test('decode to the same device with and without their schema', () => {
    const plain = decoded(new CheckIns({ keys: 100 }), 7);
    expect(decoded(new CheckIns({ keys: 100, schema: true }), 7)).toEqual(plain);
    expect(decoded(new CheckIns({ keys: 100, wholeRow: true }), 7)).toEqual(plain);
    expect(plain.entity).toBe('device');
  });

  test('are about a kilobyte, and a function of their number', () => {
    const { value } = new CheckIns({ keys: 100 }).record(7);
    expect(new CheckIns({ keys: 100 }).record(7).value).toBe(value);
    expect(value.length).toBeGreaterThan(1000);
    expect(value.length).toBeLessThan(1300);
  });

  test('rise in version from record to record', () => {
    const checkIns = new CheckIns({ keys: 3 });
    const versions = Array.from({ length: 20 }, (_, index) => decoded(checkIns, index).version);
    expect([...versions].sort()).toEqual(versions);
    expect(new Set(versions).size).toBe(20);
  });

  test('give 20 % of the keys 80 % of the changes when they are to', () => {
    const checkIns = new CheckIns({ keys: 500, hot: true });
    const ids = Array.from({ length: 10_000 }, (_, index) => Number(decoded(checkIns, index).id));
    const hot = ids.filter((id) => id <= 100).length;
    expect(hot / ids.length).toBeGreaterThan(0.78);
    expect(hot / ids.length).toBeLessThan(0.82);
  });

  test('begin with one of each agent when they are to', () => {
    const checkIns = new CheckIns({ keys: 50, hot: true, eachFirst: true });
    const ids = Array.from({ length: 50 }, (_, index) => decoded(checkIns, index).id);
    expect(new Set(ids).size).toBe(50);
  });

  test('refer to sites that are there', () => {
    const sites = references().filter(({ topic }) => topic.endsWith('clients_site'));
    const ids = new Set(sites.map(({ record }) => (JSON.parse(record.key) as { id: number }).id));
    const checkIns = new CheckIns({ keys: 5000 });
    for (let index = 0; index < 200; index += 1) {
      expect(ids).toContain(Number(decoded(checkIns, index).columns.site_id));
    }
  });
});
