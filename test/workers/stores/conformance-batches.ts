import { expect, it } from 'vitest';
import type { WriteOutcome } from '../../../src/shared/mutation.ts';
import type { Row, Store } from '../../../src/workers/stores/store.ts';
import type { Stores } from './conformance.ts';
import { device, facet, freshId, freshIds, readOne, TOOL, version } from './samples.ts';

/** Many mutations at once, and several writers. */
export function batchConformance({ open, store }: Stores): void {
  concurrency({ open, store });
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
}

function concurrency({ open, store }: Stores): void {
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
