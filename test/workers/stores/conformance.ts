import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import type { Store } from '../../../src/workers/stores/store.ts';
import { batchConformance } from './conformance-batches.ts';
import { completionConformance } from './conformance-completions.ts';
import { facetConformance } from './conformance-facets.ts';
import { findConformance } from './conformance-find.ts';
import { keyMoveConformance } from './conformance-moves.ts';
import { randomConformance } from './conformance-random.ts';
import { valueConformance } from './conformance-values.ts';
import { deletion, device, freshId, freshIds, readOne, TOOL, version, writeOne } from './samples.ts';

/** Opens another instance on the same data, with nothing in memory: what another process would see. */
export type OpenStore = (keep?: Partial<Keep>) => Promise<Store>;

/** How long what has ended stays. */
export interface Keep {
  readonly deletedKeepSeconds: number;
  readonly historyKeepSeconds: number;
}

export interface Stores {
  readonly open: OpenStore;
  readonly store: () => Store;
}

/** What every store of canonical state does alike. */
export function storeConformance(name: string, open: OpenStore): void {
  describe(name, () => {
    let shared: Store | undefined;
    const store = (): Store => {
      if (shared === undefined) throw new Error('the store is not open');
      return shared;
    };
    beforeAll(async () => {
      shared = await open();
    });
    afterAll(async () => {
      await shared?.close();
    });
    outcomes({ open, store });
    markers({ open, store });
    expiry(open);
    facetConformance({ open, store });
    valueConformance({ open, store });
    batchConformance({ open, store });
    keyMoveConformance({ open, store });
    completionConformance({ open, store });
    findConformance({ open, store });
    randomConformance({ open, store });
  });
}

function expiry(open: OpenStore): void {
  it('lets an event go after its time', async () => {
    const [id, site] = [freshId(), `site ${freshId()}`];
    const event = device(id, 1, { summary: 's', site_id: site }, { entity: 'event' });
    const short = await open({ historyKeepSeconds: 1 });
    await writeOne(short, event);
    await short.complete(must(await readOne(short, id, 'event'), 'row'), { device_name: 'd' });
    expect(await readOne(short, id, 'event')).toBeDefined();
    await short.close();
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const later = await open({ historyKeepSeconds: 1 });
    expect(await readOne(later, id, 'event')).toBeUndefined();
    for await (const row of later.find('event', TOOL, 'site_id', site)) expect(row).toBeUndefined();
    expect(await writeOne(later, event)).toBe('written');
    await later.close();
  });

  it('lets a marker go after its time, while a row that came back stays', async () => {
    const [gone, back] = [freshId(), freshId()];
    const short = await open({ deletedKeepSeconds: 1 });
    for (const id of [gone, back]) {
      await writeOne(short, device(id, 1, { hostname: 'h', cpu: 'c' }));
      await short.complete(must(await readOne(short, id), 'row'), { site_name: 'S' });
      await writeOne(short, deletion(id, 2, ['hostname', 'cpu', 'site_name']));
    }
    await writeOne(short, device(back, 3, { hostname: 'again' }));
    await short.close();
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const later = await open({ deletedKeepSeconds: 1 });
    expect(await readOne(later, gone)).toBeUndefined();
    expect(await readOne(later, back)).toMatchObject({ deleted: false, columns: { hostname: 'again' } });
    await later.close();
  });
}

function outcomes({ open, store }: Stores): void {
  it('writes a new row, a newer version over it, and neither an older nor an equal one', async () => {
    const id = freshId();
    expect(await writeOne(store(), device(id, 5, { hostname: 'five', cpu: 'x' }))).toBe('written');
    expect(await writeOne(store(), device(id, 5, { hostname: 'again' }))).toBe('duplicate');
    expect(await writeOne(store(), device(id, 4, { hostname: 'four' }))).toBe('stale');
    expect(await writeOne(store(), device(id, 16, { hostname: 'sixteen' }))).toBe('written');
    expect(await readOne(store(), id)).toEqual({
      entity: 'device',
      tool: TOOL,
      id,
      deleted: false,
      versions: { main: version(16) },
      sourceTs: { main: 1_700_000_000_016 },
      columns: { hostname: 'sixteen', cpu: 'x' },
    });
  });

  it('gives the same outcomes when nothing is known yet of rows that exist', async () => {
    const [a = '', b = '', c = '', d = ''] = freshIds(store(), 4);
    await store().write([device(a, 5, {}), device(b, 5, {}), device(c, 5, {})]);
    const cold = await open();
    try {
      const mixed = [device(a, 4, {}), device(b, 5, {}), device(c, 6, {}), device(d, 1, {})];
      expect(await cold.write(mixed)).toEqual(['stale', 'duplicate', 'written', 'written']);
    } finally {
      await cold.close();
    }
  });

  it('sees what another instance has written since, though it remembers an older version', async () => {
    const id = freshId();
    const other = await open();
    try {
      await store().write([device(id, 1, { hostname: 'one' })]);
      await other.write([device(id, 9, { hostname: 'nine' })]);
      expect(await writeOne(store(), device(id, 8, { hostname: 'eight' }))).toBe('stale');
      expect(await writeOne(store(), device(id, 9, { hostname: 'nine' }))).toBe('duplicate');
      expect(await writeOne(store(), device(id, 10, { hostname: 'ten' }))).toBe('written');
      expect((await readOne(other, id))?.columns).toEqual({ hostname: 'ten' });
    } finally {
      await other.close();
    }
  });

  it('keeps a column that is absent and clears one that is null', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h', cpu: 'c', tags: ['a'] })]);
    await store().write([device(id, 2, { cpu: null, tags: null })]);
    expect((await readOne(store(), id))?.columns).toEqual({ hostname: 'h' });
  });
}

function markers({ store }: Stores): void {
  it('turns a deleted row into a marker that refuses what is older, and revives it with what is newer', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    expect(await writeOne(store(), deletion(id, 5))).toBe('written');
    expect(await readOne(store(), id)).toMatchObject({ deleted: true, columns: {} });
    expect(await writeOne(store(), device(id, 4, { hostname: 'late' }))).toBe('stale');
    expect(await readOne(store(), id)).toMatchObject({ deleted: true, columns: {} });
    expect(await writeOne(store(), device(id, 6, { hostname: 'back' }))).toBe('written');
    expect(await readOne(store(), id)).toMatchObject({ deleted: false, columns: { hostname: 'back' } });
  });

  it('keeps a marker of a row that was never written, so that its late insert is refused', async () => {
    const id = freshId();
    expect(await writeOne(store(), deletion(id, 5))).toBe('written');
    expect(await writeOne(store(), device(id, 4, { hostname: 'late' }))).toBe('stale');
    expect(await readOne(store(), id)).toMatchObject({ deleted: true, columns: {} });
  });

  it('reads nothing of a row that is not there, and takes a probe', async () => {
    expect(await store().read('device', TOOL, [freshId()])).toEqual(new Map());
    await store().probe();
    await store().probe();
  });
}
