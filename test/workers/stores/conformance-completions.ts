import { expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import type { Row } from '../../../src/workers/stores/store.ts';
import type { Stores } from './conformance.ts';
import { deletion, device, facet, freshId, readOne, version, writeOne } from './samples.ts';

/** Columns that come from other rows. */
export function completionConformance({ open, store }: Stores): void {
  const seenRow = async (id: string): Promise<Row> => must(await readOne(store(), id), 'row');

  it('completes a row that is still as it was seen, and counts it without touching its versions', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h', organisation_id: '7', site_id: '1' })]);
    const seen = await seenRow(id);
    expect(seen.completions).toBeUndefined();
    expect(await store().complete(seen, { organisation_name: 'Seven', site_id: null, tags: [] })).toBe(true);
    expect(await readOne(store(), id)).toEqual({
      ...seen,
      columns: { hostname: 'h', organisation_id: '7', organisation_name: 'Seven' },
      completions: 1,
    });
    expect(await store().complete(await seenRow(id), { organisation_name: null })).toBe(true);
    expect(await readOne(store(), id)).toMatchObject({ completions: 2, versions: { main: version(1) } });
    expect((await seenRow(id)).columns).toEqual({ hostname: 'h', organisation_id: '7' });
  });

  it('does not complete a row that another version or another completion has changed since', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'one' })]);
    const first = await seenRow(id);
    await store().write([device(id, 2, { hostname: 'two', organisation_name: 'of two' })]);
    expect(await store().complete(first, { organisation_name: 'of one' })).toBe(false);
    const second = await seenRow(id);
    const other = await open();
    expect(await other.complete(second, { organisation_name: 'by another' })).toBe(true);
    await other.close();
    expect(await store().complete(second, { organisation_name: 'too late' })).toBe(false);
    const columns = { hostname: 'two', organisation_name: 'by another' };
    expect(await readOne(store(), id)).toMatchObject({ columns, completions: 1 });
  });

  it('completes a row of which only a facet has changed since', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    const seen = await seenRow(id);
    await store().write([facet(id, 'host_seen_times', 9, { last_seen: 9 })]);
    expect(await store().complete(seen, { site_name: 'S' })).toBe(true);
    expect((await seenRow(id)).columns).toEqual({ hostname: 'h', last_seen: 9, site_name: 'S' });
  });

  it('keeps completed columns and their count through later writes that leave them alone', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'one' })]);
    await store().complete(await seenRow(id), { site_name: 'S' });
    expect(await writeOne(store(), device(id, 2, { hostname: 'two' }))).toBe('written');
    expect(await readOne(store(), id)).toMatchObject({
      columns: { hostname: 'two', site_name: 'S' },
      completions: 1,
    });
    expect(await store().complete(await seenRow(id), { site_name: 'T' })).toBe(true);
    expect(await readOne(store(), id)).toMatchObject({ columns: { site_name: 'T' }, completions: 2 });
  });

  it('completes neither a deleted row nor one that only facets have written nor one that is not there', async () => {
    const [deleted, facetOnly, missing] = [freshId(), freshId(), freshId()];
    await store().write([device(deleted, 1, { hostname: 'h' })]);
    const seen = await seenRow(deleted);
    await store().complete(seen, { site_name: 'S' });
    await store().write([deletion(deleted, 2, ['hostname', 'site_name'])]);
    const marker = await seenRow(deleted);
    expect(marker).toMatchObject({ deleted: true, columns: {} });
    // A marker that kept the count would never go.
    expect(marker.completions).toBeUndefined();
    expect(await store().complete(seen, { site_name: 'S' })).toBe(false);
    expect(await store().complete(marker, { site_name: 'S' })).toBe(false);
    await store().write([facet(facetOnly, 'host_seen_times', 1, { last_seen: 1 })]);
    expect(await store().complete(await seenRow(facetOnly), { site_name: 'S' })).toBe(false);
    expect(await store().complete({ ...seen, id: missing }, { site_name: 'S' })).toBe(false);
    expect(await readOne(store(), missing)).toBeUndefined();
  });

  it('completes a row that came back as the one that it is now', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    const seen = await seenRow(id);
    await store().write([deletion(id, 2)]);
    await store().write([device(id, 3, { hostname: 'back' })]);
    expect(await store().complete(seen, { site_name: 'S' })).toBe(false);
    expect(await store().complete(await seenRow(id), { site_name: 'S' })).toBe(true);
    expect((await seenRow(id)).columns).toEqual({ hostname: 'back', site_name: 'S' });
  });

  it('refuses a value that a column cannot hold for good', async () => {
    const id = freshId();
    await store().write([device(id, 1, { hostname: 'h' })]);
    const completion = store().complete(await seenRow(id), { site_name: 7 });
    await expect(completion).rejects.toMatchObject({ kind: 'permanent' });
  });
}
