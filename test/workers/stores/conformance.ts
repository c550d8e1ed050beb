import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Columns } from '../../../src/shared/entity.ts';
import { DestinationError } from '../../../src/shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../../src/shared/mutation.ts';
import type { Row, Store } from '../../../src/workers/stores/store.ts';
import { keyMoveConformance } from './conformance-moves.ts';
import { randomConformance } from './conformance-random.ts';
import {
  deletion,
  device,
  facet,
  facetDeletion,
  freshId,
  freshIds,
  readOne,
  TOOL,
  version,
} from './samples.ts';

/** Opens another instance on the same data, with nothing in memory: what another process would see. */
export type OpenStore = () => Promise<Store>;

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
    facets({ open, store });
    values({ open, store });
    batches({ open, store });
    keyMoveConformance({ open, store });
    randomConformance({ open, store });
  });
}

async function writeOne(store: Store, mutation: Mutation): Promise<WriteOutcome | undefined> {
  return (await store.write([mutation]))[0];
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

function facets({ store }: Stores): void {
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

function values({ store }: Stores): void {
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

function batches({ open, store }: Stores): void {
  it('decides each mutation of a bucket by itself and answers in their order', async () => {
    const ids = freshIds(store(), 100);
    await store().write(ids.filter((_, n) => n % 3 !== 0).map((id) => device(id, 10, { hostname: 'old' })));
    const cold = await open();
    try {
      const wanted: WriteOutcome[] = ids.map((_, n) => (n % 3 === 2 ? 'stale' : 'written'));
      const batch = ids.map((id, n) => device(id, n % 3 === 2 ? 9 : 11, { hostname: `new ${n}` }));
      expect(await cold.write(batch)).toEqual(wanted);
      expect(await cold.write(batch)).toEqual(wanted.map((one) => (one === 'written' ? 'duplicate' : one)));
      const rows = await store().read('device', TOOL, ids);
      const names = ids.map((id) => rows.get(id)?.columns.hostname);
      expect(names).toEqual(ids.map((_, n) => (n % 3 === 2 ? 'old' : `new ${n}`)));
    } finally {
      await cold.close();
    }
  });

  it('takes several facets of one row in one batch, stale and new ones mixed', async () => {
    const [id = '', other = ''] = freshIds(store(), 2);
    await store().write([facet(id, 'host_disks', 5, { disk_encrypted: true })]);
    const cold = await open();
    try {
      const batch = [
        device(id, 1, { hostname: 'h' }),
        facet(id, 'host_disks', 4, { disk_encrypted: false }),
        facet(id, 'host_seen_times', 1, { last_seen: 5 }),
        device(other, 1, { hostname: 'o' }),
        facet(other, 'host_seen_times', 7, { last_seen: 6 }),
      ];
      expect(await cold.write(batch)).toEqual(['written', 'stale', 'written', 'written', 'written']);
    } finally {
      await cold.close();
    }
    expect((await readOne(store(), id))?.columns).toEqual({
      hostname: 'h',
      disk_encrypted: true,
      last_seen: 5,
    });
    expect((await readOne(store(), other))?.columns).toEqual({ hostname: 'o', last_seen: 6 });
  });

  it('ends in the newest state when two instances write the same rows at once', async () => {
    const ids = freshIds(store(), 8);
    const other = await open();
    try {
      const written: number[] = [];
      const run = async (target: Store, parity: number): Promise<void> => {
        for (let n = 1; n <= 12; n += 1) {
          const at = 2 * n + parity;
          const outcome = await target.write(ids.map((id) => device(id, at, { hostname: `at ${at}` })));
          written.push(outcome.filter((one) => one === 'written').length);
        }
      };
      await Promise.all([run(store(), 0), run(other, 1)]);
      const rows = await other.read('device', TOOL, ids);
      for (const id of ids) {
        expect(rows.get(id)).toMatchObject({
          versions: { main: version(25) },
          columns: { hostname: 'at 25' },
        });
      }
      expect(written.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(12 * ids.length);
    } finally {
      await other.close();
    }
  });

  it('takes concurrent writes to one bucket from one instance', async () => {
    const ids = freshIds(store(), 40);
    const all = await Promise.all(ids.map((id) => store().write([device(id, 1, { hostname: id })])));
    expect(all.flat()).toEqual(ids.map(() => 'written'));
  });

  it('scans every row of an entity once, markers and rows of facets alone included', async () => {
    const ids = Array.from({ length: 2100 }, freshId);
    for (let bucket = 0; bucket < 4; bucket += 1) {
      const some = ids.filter((id) => store().bucketOf(id) === bucket);
      await store().write(
        some.map((id) => ({ ...device(id, 1, { name: id }), entity: 'organisation' as const })),
      );
    }
    const seen: Row[] = [];
    for await (const row of store().scan('organisation')) seen.push(row);
    expect(seen.map((row) => row.id).sort()).toEqual([...ids].sort());
    expect(seen.every((row) => row.columns.name === row.id && row.entity === 'organisation')).toBe(true);
  });
}
