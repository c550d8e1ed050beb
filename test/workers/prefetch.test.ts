import { describe, expect, test } from 'vitest';
import { createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import { KnownInBatch, LookUp } from '../../src/workers/look-up.ts';
import { type Reference, referenceGroup, referenceKey, referenceName } from '../../src/workers/reference.ts';
import { ReferenceCache } from '../../src/workers/reference-cache.ts';
import { FakeStore } from './fake-store.ts';
import { POSTGRES, SITE, siteRecord } from './record-builder.ts';
import { newWorker, REFERENCES } from './stages.ts';

const KEY = referenceKey(referenceGroup('site', 'tactical-rmm', 'id'), '1');
const NAME = referenceName(KEY);
const PASSED: Reference = {
  id: '1',
  version: 'v2',
  deleted: false,
  face: { name: 'new', organisation_id: '2' },
};

function newLookUp() {
  const store = new FakeStore();
  const cache = new ReferenceCache(REFERENCES, new ReferenceEpochs(createBoard(1)));
  return { store, cache, lookUp: new LookUp(cache, store, (read) => read()) };
}

/** A store that answers reads when it is let. */
function held(store: FakeStore): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.readScript = () => held;
  return release;
}

describe('references that are looked up before their batch has its turn', () => {
  test('are there when it has, those that are nowhere included', async () => {
    const { store, cache, lookUp } = newLookUp();
    await lookUp.prefetch([KEY]);
    const known = new KnownInBatch();
    await lookUp.find([KEY], known);
    expect([cache.hits, cache.misses]).toEqual([1, 0]);
    await lookUp.find([{ ...KEY, value: '2' }], known);
    expect([cache.hits, cache.misses]).toEqual([1, 1]);
    expect([known.get(KEY, '1'), store.reads]).toEqual([
      null,
      [['site|tactical-rmm|1'], ['site|tactical-rmm|2']],
    ]);
  });

  test('are read once for several batches', async () => {
    const { store, lookUp } = newLookUp();
    const release = held(store);
    const both = [lookUp.prefetch([KEY]), lookUp.prefetch([KEY])];
    release();
    await Promise.all(both);
    expect(store.reads).toHaveLength(1);
  });

  test('do not take the place of a change that passed meanwhile', async () => {
    const { store, cache, lookUp } = newLookUp();
    const release = held(store);
    const reading = lookUp.prefetch([KEY]);
    cache.put(NAME, PASSED, cache.epoch(NAME));
    release();
    await reading;
    expect(cache.find(NAME)?.reference).toBe(PASSED);
  });

  test('take the place of one that is out of date', async () => {
    const { cache, lookUp } = newLookUp();
    cache.put(NAME, PASSED, cache.epoch(NAME) - 1);
    await lookUp.prefetch([KEY]);
    expect(cache.find(NAME)?.reference).toBeNull();
  });

  test('are not believed when they changed after they were read', async () => {
    const { store, cache, lookUp } = newLookUp();
    const release = held(store);
    const reading = lookUp.prefetch([KEY]);
    cache.changed(NAME);
    release();
    await reading;
    expect(cache.find(NAME)?.reference).toBeUndefined();
  });
});

test('a batch reads its rows while the one before it is held up, and is still prepared after it', async () => {
  const store = new FakeStore();
  const worker = newWorker(store);
  const change = (id: number, lsn: number) =>
    siteRecord({ after: { ...SITE, id }, source: { ...POSTGRES, lsn } }, { key: `{"id":${id}}` });
  let release = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.readScript = (ids) => (ids.includes('1') ? slow : undefined);
  const first = worker.run([change(1, 10)]);
  const second = worker.run([change(2, 20)]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(store.reads).toContainEqual(['site|tactical-rmm|2']);
  expect(store.statements).toEqual([]);
  release();
  await Promise.all([first, second]);
  expect(store.statements.flat().map((statement) => statement.split('@')[0])).toEqual(['1', '2']);
});
