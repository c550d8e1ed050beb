import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import { type Reference, referenceGroup, referenceKey, referenceName } from '../../src/workers/reference.ts';
import { ReferenceCache } from '../../src/workers/reference-cache.ts';

const SETTINGS = { cacheBytes: 1 << 20, ttlMs: 10_000, negativeTtlMs: 1000 };
const KEY = referenceKey(referenceGroup('site', 'tactical-rmm', 'id'), '1');
const SITE = referenceName(KEY);
const MAIN: Reference = {
  id: '1',
  version: 'v1',
  deleted: false,
  face: { name: 'Main', organisation_id: '2' },
};

function newCache(settings = {}, board = createBoard(1)): ReferenceCache {
  return new ReferenceCache({ ...SETTINGS, ...settings }, new ReferenceEpochs(board));
}

/** Null: the store has none. Undefined: that is not known. */
function found(cache: ReferenceCache, name: string): Reference | null | undefined {
  return cache.find(name)?.reference;
}

describe('a cached reference', () => {
  test('ends by age, a missing one sooner', async () => {
    const cache = newCache({ ttlMs: 1500, negativeTtlMs: 200 });
    const other = referenceName({ ...KEY, value: '2' });
    cache.put(SITE, MAIN, cache.epoch(SITE));
    cache.put(other, null, cache.epoch(other));
    expect([found(cache, SITE), found(cache, other)]).toEqual([MAIN, null]);
    await sleep(300);
    expect([found(cache, SITE), found(cache, other)]).toEqual([MAIN, undefined]);
    await sleep(1500);
    expect(found(cache, SITE)).toBeUndefined();
    expect(cache.hits).toBe(3);
  });

  test('ends when another worker says that it changed', () => {
    const board = createBoard(2);
    const [one, other] = [newCache({}, board), newCache({}, board)];
    one.put(SITE, MAIN, one.epoch(SITE));
    const renamed = { ...MAIN, version: 'v2', face: { ...MAIN.face, name: 'New' } };
    other.put(SITE, renamed, other.changed(SITE));
    expect(found(one, SITE)).toBeUndefined();
    expect(found(other, SITE)).toBe(renamed);
  });

  test('that was read before such a change is not believed', () => {
    const board = createBoard(2);
    const [one, other] = [newCache({}, board), newCache({}, board)];
    const epoch = one.epoch(SITE);
    other.changed(SITE);
    one.put(SITE, null, epoch);
    expect(found(one, SITE)).toBeUndefined();
  });

  test('ends by room: memory stays bounded', () => {
    const cache = newCache({ cacheBytes: 10_000 });
    const names = Array.from({ length: 1000 }, (_, id) => referenceName({ ...KEY, value: String(id) }));
    const long = { ...MAIN, face: { ...MAIN.face, name: 'x'.repeat(100) } };
    for (const name of names) cache.put(name, long, cache.epoch(name));
    const kept = names.filter((name) => found(cache, name) !== undefined);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(50);
    expect(kept).toContain(names[999]);
  });

  test('is told from one of another tool, entity or column with the same value', () => {
    const cache = newCache();
    cache.put(SITE, MAIN, cache.epoch(SITE));
    expect(
      found(cache, referenceName(referenceKey(referenceGroup('site', 'fleet-mdm', 'id'), '1'))),
    ).toBeUndefined();
    expect(
      found(cache, referenceName(referenceKey(referenceGroup('organisation', 'tactical-rmm', 'id'), '1'))),
    ).toBeUndefined();
    const device = referenceName(referenceKey(referenceGroup('device', 'tactical-rmm', 'id'), '1'));
    cache.put(device, MAIN, cache.epoch(device));
    const byKey = referenceKey(referenceGroup('device', 'tactical-rmm', 'device_key'), '1');
    expect(found(cache, referenceName(byKey))).toBeUndefined();
    cache.forget(SITE);
    expect(found(cache, SITE)).toBeUndefined();
  });
});
