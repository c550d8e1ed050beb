import { expect, it } from 'vitest';
import type { Stores } from './conformance.ts';
import { deletion, device, facet, facetDeletion, freshId, readOne, version, writeOne } from './samples.ts';

/** Facets of one row: each has a version of its own. */
export function facetConformance({ store }: Stores): void {
  it('keeps a version per facet, whichever comes first', async () => {
    const id = freshId();
    expect(await writeOne(store(), facet(id, 'host_seen_times', 9, { last_seen: 1000 }))).toBe('written');
    expect((await readOne(store(), id))?.versions).toEqual({ host_seen_times: version(9) });
    expect(await writeOne(store(), device(id, 3, { hostname: 'h' }))).toBe('written');
    expect(await writeOne(store(), facet(id, 'host_display_names', 2, { display_name: 'd' }))).toBe(
      'written',
    );
    expect(await writeOne(store(), facet(id, 'host_seen_times', 8, { last_seen: 500 }))).toBe('stale');
    expect(await readOne(store(), id)).toMatchObject({
      deleted: false,
      versions: { main: version(3), host_seen_times: version(9), host_display_names: version(2) },
      columns: { hostname: 'h', last_seen: 1000, display_name: 'd' },
    });
  });

  it('clears the columns of a deleted facet and keeps its version and the row', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    await store().write([facet(id, 'host_mdm', 2, { mdm_enrolled: true, mdm_server_url: 'u' })]);
    await store().write([facetDeletion(id, 'host_mdm', 4, ['mdm_enrolled', 'mdm_server_url'])]);
    expect(await writeOne(store(), facet(id, 'host_mdm', 3, { mdm_enrolled: true }))).toBe('stale');
    expect(await readOne(store(), id)).toMatchObject({ deleted: false, columns: { hostname: 'h' } });
    expect((await readOne(store(), id))?.versions).toEqual({ main: version(1), host_mdm: version(4) });
  });

  it('keeps the columns of other facets through a delete and a revival of the row', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    await store().write([facet(id, 'host_seen_times', 1, { last_seen: 77 })]);
    await store().write([deletion(id, 2)]);
    expect(await readOne(store(), id)).toMatchObject({ deleted: true, columns: { last_seen: 77 } });
    await store().write([device(id, 3, { hostname: 'again' })]);
    expect((await readOne(store(), id))?.columns).toEqual({ hostname: 'again', last_seen: 77 });
  });

  it('does not delete or revive a row through a facet', async () => {
    const id = freshId();
    await store().write([deletion(id, 5)]);
    await store().write([facet(id, 'host_seen_times', 9, { last_seen: 1 })]);
    expect((await readOne(store(), id))?.deleted).toBe(true);
    const other = freshId();
    await store().write([facetDeletion(other, 'host_seen_times', 9, ['last_seen'])]);
    expect((await readOne(store(), other))?.deleted).toBe(false);
  });
}
