import { expect, it } from 'vitest';
import type { Columns } from '../../../src/shared/entity.ts';
import { DestinationError } from '../../../src/shared/errors.ts';
import type { Stores } from './conformance.ts';
import { device, freshId, freshIds, readOne, TOOL } from './samples.ts';

const EVERY_TYPE: Columns = {
  hostname: 'Grüße, 世界 \u2028 "quoted"',
  description: '',
  memory_bytes: 2n ** 63n - 1n,
  disk_total_gb: '512.25',
  disk_free_gb: '0.00',
  online: false,
  needs_reboot: true,
  last_seen: 1_763_860_000_123,
  last_boot: -1,
  tags: ['b', '\u{1F600}', 'a', '\uFFFD', 'b'],
};

/** Values, exactly, and what no store takes. */
export function valueConformance({ store }: Stores): void {
  refusals(store);
  it('gives every type back exactly', async () => {
    const id = freshId();
    await store().write([device(id, 1, EVERY_TYPE)]);
    const tags = ['a', 'b', '\u{1F600}', '\uFFFD'];
    expect((await readOne(store(), id))?.columns).toEqual({ ...EVERY_TYPE, tags });
  });

  it.each([
    [0, 0],
    [-0, 0],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2n ** 53n, 2n ** 53n],
    [34_359_738_368n, 34_359_738_368],
    [-(2n ** 63n), -(2n ** 63n)],
  ])('keeps the 64-bit integer %s as %s', async (given, stored) => {
    const id = freshId();
    await store().write([device(id, 1, { memory_bytes: given })]);
    expect((await readOne(store(), id))?.columns.memory_bytes).toBe(stored);
  });

  it.each([
    ['-12.50', '-12.50'],
    ['-0.05', '-0.05'],
    ['-0.00', '0.00'],
    ['1e3', '1000'],
    ['1.5E-7', '0.00000015'],
    ['123456789012345678901234567890.123', '123456789012345678901234567890.123'],
    ['.5', '0.5'],
    ['007', '7'],
  ])('keeps the decimal %s as %s', async (given, stored) => {
    const id = freshId();
    await store().write([device(id, 1, { disk_total_gb: given })]);
    expect((await readOne(store(), id))?.columns.disk_total_gb).toBe(stored);
  });

  it('takes an empty set for none', async () => {
    const id = freshId();
    await store().write([device(id, 1, { tags: ['a'] })]);
    await store().write([device(id, 2, { tags: [] })]);
    expect((await readOne(store(), id))?.columns).toEqual({});
  });
}

function refusals(store: Stores['store']): void {
  it.each([
    ['memory_bytes', 2n ** 63n],
    ['memory_bytes', 2 ** 60],
    ['memory_bytes', '5'],
    ['disk_total_gb', 'secret'],
    ['disk_total_gb', ''],
    ['hostname', 7],
    ['online', 1],
    ['last_seen', 1.5],
    ['tags', 'secret'],
  ])('refuses a %s of %s for good, without repeating the value', async (column, value) => {
    const id = freshId();
    const refused = store().write([device(id, 1, { [column]: value })]);
    await expect(refused).rejects.toMatchObject({ kind: 'permanent' });
    await expect(refused).rejects.toThrow(DestinationError);
    await expect(refused).rejects.not.toThrow(/secret/);
    expect(await readOne(store(), id)).toBeUndefined();
  });

  it('refuses for good what is too large, and takes what is merely large', async () => {
    const [id = '', other = ''] = freshIds(store(), 2);
    const oversized = store().write([device(id, 1, { description: '\u4e16'.repeat(2_000_001) })]);
    await expect(oversized).rejects.toMatchObject({ kind: 'permanent' });
    for (const tooLong of ['x'.repeat(1801), 'x'.repeat(70_000)]) {
      await expect(store().write([device(tooLong, 1, {})])).rejects.toMatchObject({ kind: 'permanent' });
      expect((await store().read('device', TOOL, [tooLong])).size).toBe(0);
    }
    expect(await store().write([device('y'.repeat(1800), 1, {})])).toEqual(['written']);
    const large = { description: '\u4e16'.repeat(1_900_000) };
    expect(await store().write([device(id, 1, large), device(other, 1, large)])).toEqual([
      'written',
      'written',
    ]);
    expect((await readOne(store(), other))?.columns).toEqual(large);
  });

  it('takes ids of every kind', async () => {
    const ids = [
      freshId(),
      `7:${freshId()}`,
      `node//$@${freshId()}`,
      `ü\u{1F600} ${freshId()}`,
      `|${freshId()}'"`,
    ];
    for (const id of ids) await store().write([device(id, 1, { hostname: id })]);
    const rows = await store().read('device', TOOL, ids);
    expect([...rows.keys()].sort()).toEqual([...ids].sort());
    for (const id of ids) expect(rows.get(id)?.columns.hostname).toBe(id);
  });
}
