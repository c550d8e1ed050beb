import { expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import type { RowKey, Store } from '../../../src/workers/stores/store.ts';
import type { Stores } from './conformance.ts';
import { deletion, device, facet, freshId, freshIds, readOne, TOOL, version, writeOne } from './samples.ts';

export async function found(store: Store, column: string, value: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const row of store.find('device', TOOL, column, value)) ids.push(row.id);
  return ids.sort();
}

/** Rows by what they hold, and what is remembered beside them. */
export function findConformance({ open, store }: Stores): void {
  values({ open, store });
  waiting({ open, store });
  truncations({ open, store });
}

function values({ open, store }: Stores): void {
  it('finds rows by the value that they have now, of their own tool only', async () => {
    const [a, b, value] = [freshId(), freshId(), `site ${freshId()}`];
    await store().write([device(a, 1, { site_id: value, hostname: 'a' })]);
    await store().write([device(b, 1, { site_id: value })]);
    await store().write([device(a, 1, { site_id: value }, { tool: 'tactical-rmm' })]);
    expect(await found(store(), 'site_id', value)).toEqual([a, b].sort());
    expect(await found(store(), 'site_id', `${value}.`)).toEqual([]);
    expect(await found(store(), 'hostname', value)).toEqual([]);
    for await (const row of store().find('device', TOOL, 'site_id', value))
      expect(row).toEqual(await readOne(store(), row.id));

    await store().write([device(a, 2, { site_id: `${value}, moved` })]);
    expect(await found(store(), 'site_id', value)).toEqual([b]);
    expect(await found(store(), 'site_id', `${value}, moved`)).toEqual([a]);
    // Another value of another column leaves the entry alone, and what is stale changes nothing.
    await store().write([device(b, 3, { cpu: 'c' })]);
    expect(await writeOne(store(), device(b, 2, { site_id: 'stale' }))).toBe('stale');
    const other = await open();
    expect(await found(other, 'site_id', value)).toEqual([b]);
    await other.close();
    await store().write([device(b, 4, { site_id: null })]);
    expect(await found(store(), 'site_id', value)).toEqual([]);
  });

  it('finds rows by what a completion gave them, and by what they had before a deletion no longer', async () => {
    const [id, value] = [freshId(), `place ${freshId()}`];
    await store().write([device(id, 1, { hostname: value })]);
    await store().complete(must(await readOne(store(), id), 'row'), { site_id: value });
    expect(await found(store(), 'site_id', value)).toEqual([id]);
    expect(await found(store(), 'hostname', value)).toEqual([id]);
    await store().write([deletion(id, 2, ['hostname', 'site_id'])]);
    expect(await found(store(), 'site_id', value)).toEqual([]);
    expect(await found(store(), 'hostname', value)).toEqual([]);
    await store().write([device(id, 3, { site_id: value })]);
    expect(await found(store(), 'site_id', value)).toEqual([id]);
  });

  it('finds every one of many rows once', async () => {
    const value = `many ${freshId()}`;
    const ids = Array.from({ length: 2300 }, freshId);
    const byBucket = new Map<number, string[]>();
    for (const id of ids) {
      const bucket = byBucket.get(store().bucketOf(id)) ?? [];
      byBucket.set(store().bucketOf(id), [...bucket, id]);
    }
    for (const some of byBucket.values())
      await store().write(some.map((id) => device(id, 1, { organisation_id: value })));
    expect(await found(store(), 'organisation_id', value)).toEqual(ids.sort());
  }, 60_000);

  it('keeps apart values that are long, that begin alike, that are empty or odd', async () => {
    const odd = `${freshId()} O'Brien\u0000 % _ "\u{1f600}`;
    const long = `${freshId()} ${'x'.repeat(500)}`;
    const wanted = ['', odd, `${odd}\u0000`, long, `${long}y`, `${long}z`];
    const ids = wanted.map(() => freshId());
    for (const [n, value] of wanted.entries())
      await store().write([device(ids[n] ?? '', 1, { serial_number: value })]);
    for (const [n, value] of wanted.entries())
      expect(await found(store(), 'serial_number', value)).toEqual([ids[n]]);
    const last = must(ids.at(-1), 'id');
    await store().write([device(last, 2, { serial_number: `${long}y` })]);
    expect(await found(store(), 'serial_number', `${long}z`)).toEqual([]);
    expect(await found(store(), 'serial_number', `${long}y`)).toEqual([must(ids[4], 'id'), last].sort());
  });

  it('cuts, visibly, a text that is too long for a column by which rows are found', async () => {
    const [id = '', neighbour = ''] = freshIds(store(), 2);
    const name = freshId();
    const long = `${name} ${'é'.repeat(60_000)}`;
    const fits = `${name} ${'x'.repeat(8192 - name.length - 1)}`;
    await store().write([
      device(id, 1, { hostname: long, cpu: long }),
      device(neighbour, 1, { hostname: fits }),
    ]);
    const { hostname, cpu } = must(await readOne(store(), id), 'row').columns;
    expect(cpu).toBe(long);
    expect(hostname).toMatch(new RegExp(`^${name} é+… \\[cut]$`));
    expect(Buffer.byteLength(String(hostname))).toBeLessThanOrEqual(8192);
    expect(await found(store(), 'hostname', long)).toEqual([id]);
    expect(await found(store(), 'hostname', fits)).toEqual([neighbour]);
  });

  it('finds markers and rows of facets only, whose columns are there, and no column that is not indexed', async () => {
    const [id, value] = [freshId(), `facet ${freshId()}`];
    await store().write([facet(id, 'host_disks', 1, { site_id: value })]);
    expect(await found(store(), 'site_id', value)).toEqual([id]);
    await store().write([deletion(id, 1)]);
    for await (const row of store().find('device', TOOL, 'site_id', value)) expect(row.deleted).toBe(true);
    await expect(found(store(), 'cpu', value)).rejects.toThrow(/not found by cpu/);
  });
}

function waiting({ open, store }: Stores): void {
  const row = (id: string): RowKey => ({ entity: 'device', tool: TOOL, id });
  const sorted = (rows: readonly RowKey[]): RowKey[] => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));

  it('remembers which rows wait for a reference until they are removed', async () => {
    const [a, b, reference] = [freshId(), freshId(), `site|${TOOL}|id|${freshId()}`];
    const event: RowKey = { entity: 'event', tool: 'tactical-rmm', id: b };
    expect(await store().waiting(reference)).toEqual([]);
    const entries = [row(a), row(b), event].map((one) => ({ reference, row: one }));
    await store().addWaiting([...entries, { reference: `${reference}0`, row: row(a) }]);
    await store().addWaiting(entries.slice(0, 1));
    await store().addWaiting([]);
    const other = await open();
    const all = await other.waiting(reference);
    expect(all).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining([row(a), row(b), event]));
    await other.removeWaiting(reference, [row(a), event, row('nobody')]);
    await other.removeWaiting(reference, []);
    await other.close();
    expect(await store().waiting(reference)).toEqual([row(b)]);
    await store().removeWaiting(reference, [row(b)]);
    expect(await store().waiting(reference)).toEqual([]);
    expect(await store().waiting(`${reference}0`)).toEqual([row(a)]);
  });

  it('keeps apart references of any length', async () => {
    const long = `${freshId()} ${'x'.repeat(1800)}`;
    const id = `${freshId()}${'y'.repeat(1700)}`;
    await store().addWaiting([
      { reference: `${long}1`, row: row(id) },
      { reference: `${long}2`, row: row('2') },
      { reference: `${long}2`, row: row('3') },
    ]);
    expect(await store().waiting(`${long}1`)).toEqual([row(id)]);
    expect(sorted(await store().waiting(`${long}2`))).toEqual([row('2'), row('3')]);
    expect(await store().waiting(long)).toEqual([]);
  });
}

function truncations({ open, store }: Stores): void {
  it('keeps the newest truncate of every table, in whatever order they come', async () => {
    const one = { entity: 'device', tool: TOOL, facet: 'host_disks' } as const;
    for (const n of [3, 7, 5, 7]) await store().keepTruncation({ ...one, version: version(n) });
    await store().keepTruncation({ ...one, facet: 'main', version: version(2) });
    await store().keepTruncation({ ...one, tool: 'meshcentral', version: version(4) });
    const other = await open();
    const all = await other.truncations();
    await other.close();
    expect(all).toHaveLength(3);
    expect(all).toEqual(
      expect.arrayContaining([
        { ...one, version: version(7) },
        { ...one, facet: 'main', version: version(2) },
        { ...one, tool: 'meshcentral', version: version(4) },
      ]),
    );
  });
}
