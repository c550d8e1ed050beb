import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import { type Reference, ReferenceCache, type ReferenceKey } from '../../src/workers/reference-cache.ts';

const SETTINGS = { cacheBytes: 1 << 20, ttlMs: 10_000, negativeTtlMs: 1000 };
const SITE: ReferenceKey = { entity: 'site', tool: 'tactical-rmm', id: '1' };
const MAIN: Reference = { name: 'Main', organisationId: '2', version: 'v1' };

function newCache(settings = {}, board = createBoard(1)): ReferenceCache {
  return new ReferenceCache({ ...SETTINGS, ...settings }, new ReferenceEpochs(board));
}

describe('a cached reference', () => {
  test('ends by age, a missing one sooner', async () => {
    const cache = newCache({ ttlMs: 400, negativeTtlMs: 20 });
    cache.put(SITE, MAIN);
    cache.put({ ...SITE, id: '2' }, null);
    expect([cache.get(SITE), cache.get({ ...SITE, id: '2' })]).toEqual([MAIN, null]);
    await sleep(40);
    expect([cache.get(SITE), cache.get({ ...SITE, id: '2' })]).toEqual([MAIN, undefined]);
    await sleep(400);
    expect(cache.get(SITE)).toBeUndefined();
    expect([cache.hits, cache.misses]).toEqual([3, 2]);
  });

  test('ends when another worker says that it changed', () => {
    const board = createBoard(2);
    const [one, other] = [newCache({}, board), newCache({}, board)];
    one.put(SITE, MAIN);
    other.put(SITE, null);
    other.changed(SITE, { ...MAIN, name: 'New', version: 'v2' });
    expect(one.get(SITE)).toBeUndefined();
    expect(one.peek(SITE)).toBeUndefined();
    expect(other.get(SITE)?.name).toBe('New');
  });

  test('that was read before such a change is not believed', () => {
    const board = createBoard(2);
    const [one, other] = [newCache({}, board), newCache({}, board)];
    const epoch = one.epoch(SITE);
    other.changed(SITE, MAIN);
    one.put(SITE, null, epoch);
    expect(one.get(SITE)).toBeUndefined();
  });

  test('ends by room: memory stays bounded', () => {
    const cache = newCache({ cacheBytes: 10_000 });
    for (let id = 0; id < 1000; id += 1)
      cache.put({ ...SITE, id: String(id) }, { ...MAIN, name: 'x'.repeat(100) });
    const kept = Array.from({ length: 1000 }, (_, id) => cache.peek({ ...SITE, id: String(id) })).filter(
      Boolean,
    );
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(50);
    expect(cache.peek({ ...SITE, id: '999' })).toBeDefined();
  });

  test('is told from one of another tool or entity with the same id', () => {
    const cache = newCache();
    cache.put(SITE, MAIN);
    expect(cache.get({ ...SITE, tool: 'fleet-mdm' })).toBeUndefined();
    expect(cache.get({ ...SITE, entity: 'organisation' })).toBeUndefined();
    cache.forget(SITE);
    expect(cache.get(SITE)).toBeUndefined();
  });
});
