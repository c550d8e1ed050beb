import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import type { Store } from '../../../src/workers/stores/store.ts';
import {
  dropKeyspace,
  keyspaceName,
  makeKeyspace,
  SERVER,
  SKIPPED,
  settingsFor,
} from './cassandra-server.ts';
import { deletion, device, facet, freshId, freshIds, move, readOne } from './samples.ts';

describe.skipIf(SERVER === undefined)(`timestamp mode on a real Cassandra${SKIPPED}`, () => {
  const settings = settingsFor(keyspaceName('timestamp'), { writeModes: { devices: 'timestamp' } });
  let opened: Store | undefined;
  const store = (): Store => {
    if (opened === undefined) throw new Error('the store is not open');
    return opened;
  };
  beforeAll(async () => {
    await makeKeyspace(settings);
    opened = await openStore(settings);
  }, 120_000);
  afterAll(async () => {
    await opened?.close();
    await dropKeyspace(settings);
  }, 60_000);

  it('ends in the newest state though everything counts as written', async () => {
    const [a = '', b = ''] = freshIds(store(), 2);
    const newest = [device(a, 9, { hostname: 'nine', cpu: null }), device(b, 9, { hostname: 'b' })];
    expect(await store().write(newest)).toEqual(['written', 'written']);
    expect(await store().write([device(a, 8, { hostname: 'eight', cpu: 'eight' })])).toEqual(['written']);
    expect(await store().write(newest)).toEqual(['written', 'written']);
    await store().write([facet(a, 'host_seen_times', 3, { last_seen: 3 })]);
    await store().write([facet(a, 'host_seen_times', 2, { last_seen: 2 })]);
    expect((await readOne(store(), a))?.columns).toEqual({ hostname: 'nine', last_seen: 3 });
  });

  it('keeps a marker that refuses what is older', async () => {
    const id = freshId();
    await store().write([deletion(id, 5)]);
    await store().write([device(id, 4, { hostname: 'late', cpu: 'late' })]);
    expect(await readOne(store(), id)).toMatchObject({ deleted: true, columns: {} });
    await store().write([device(id, 6, { hostname: 'back' })]);
    expect(await readOne(store(), id)).toMatchObject({ deleted: false, columns: { hostname: 'back' } });
  });

  it('lets a completion win over what the row was written with, whatever the version', async () => {
    const id = freshId();
    // Its timestamp is far beyond the clock.
    const far = { version: '1fff-0000000000000001-1' };
    await store().write([
      device(id, 1, { hostname: 'h', organisation_id: '7', organisation_name: null }, far),
    ]);
    const seen = must(await readOne(store(), id), 'row');
    expect(await store().complete(seen, { organisation_name: 'Seven' })).toBe(true);
    expect(await store().complete(seen, { organisation_name: 'Seven, renamed' })).toBe(true);
    const columns = { hostname: 'h', organisation_id: '7', organisation_name: 'Seven, renamed' };
    expect(await readOne(store(), id)).toMatchObject({ columns, completions: 1 });
    // A later write brings what it was enriched with.
    const next = { version: '1fff-0000000000000002-1' };
    await store().write([device(id, 1, { hostname: 'i', organisation_name: 'Eight' }, next)]);
    expect((await readOne(store(), id))?.columns).toMatchObject({
      hostname: 'i',
      organisation_name: 'Eight',
    });
    const nulls = { hostname: null, organisation_id: null, organisation_name: null };
    const last = { version: '1fff-0000000000000003-1', deleted: true };
    await store().write([device(id, 1, nulls, last)]);
    const marker = await readOne(store(), id);
    expect(marker).toMatchObject({ deleted: true, columns: {} });
    expect(marker?.completions).toBeUndefined();
  });

  it('refuses a version that fits no timestamp for good', async () => {
    const id = freshId();
    const mutation = { ...device(id, 1, {}), version: '2000-0000000000000001-1' };
    await expect(store().write([mutation])).rejects.toMatchObject({ kind: 'permanent' });
  });

  it('fills a moved row with values that lose to later ones', async () => {
    const [from, to] = [freshId(), freshId()];
    const half = device(
      to,
      5,
      { hostname: 'moved' },
      { carry: { fromId: from, columns: ['cpu', 'timezone'] } },
    );
    await store().write([half]);
    await store().write([device(to, 6, { cpu: 'six' })]);
    const columns = { cpu: 'old', timezone: 'UTC', hostname: 'old' };
    await store().fillCarried(to, move(from, 5), columns);
    await store().fillCarried(to, move(from, 5), columns);
    expect((await readOne(store(), to))?.columns).toEqual({ hostname: 'moved', cpu: 'six', timezone: 'UTC' });
  });
});
