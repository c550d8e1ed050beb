import { describe, expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import type { Columns } from '../../../src/shared/entity.ts';
import type { Mutation } from '../../../src/shared/mutation.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import { microseconds } from '../../../src/workers/stores/write-clock.ts';
import { keyspaceName, makeKeyspace, SERVER, SKIPPED, settingsFor, useStore } from './cassandra-server.ts';
import { device, freshId, readOne, TOOL } from './samples.ts';

function event(id: string, n: number, columns: Columns, more: Partial<Mutation> = {}): Mutation {
  return device(id, n, columns, { entity: 'event', ...more });
}

const MODES = ['lwt', 'timestamp'] as const;

describe.skipIf(SERVER === undefined).each(MODES)(
  `events by device, %s mode, on a real Cassandra${SKIPPED}`,
  (mode) => {
    const settings = settingsFor(keyspaceName(`events_${mode}`), { writeModes: { events: mode } });
    const { store, client } = useStore(settings);

    async function listed(deviceId: string, columns = 'id', limit = 100): Promise<unknown[]> {
      const query = `SELECT ${columns} FROM ${settings.keyspace}.device_events WHERE tool = ? AND device_id = ? LIMIT ${limit}`;
      const { rows } = await client().execute(query, [TOOL, deviceId], { prepare: true });
      return rows.map((row) => (columns === 'id' ? row.id : { ...row }));
    }
    const complete = async (id: string, columns: Columns): Promise<boolean> =>
      await store().complete(must(await readOne(store(), id, 'event'), 'row'), columns);

    it("shows a device's newest events first, with what a list needs", async () => {
      const [pc, other] = [freshId(), freshId()];
      const ids = Array.from({ length: 12 }, freshId);
      for (const [n, id] of ids.entries())
        await store().write([
          event(id, 1, { event_time: 1000 * n, device_id: pc, event_type: 'X', site_id: 's' }),
        ]);
      await store().write([event(freshId(), 1, { event_time: 5000, device_id: other })]);
      await store().write([event(freshId(), 1, { event_time: null, device_id: pc })]);
      expect(await listed(pc, 'id', 3)).toEqual(ids.slice(-3).reverse());
      expect(await listed(pc)).toHaveLength(12);
      expect((await listed(pc, '*', 1))[0]).toMatchObject({
        event_time: new Date(11_000),
        event_type: 'X',
        organisation_id: null,
      });
    });

    it('lists an event once it has a device, under each of several, and only where it belongs now', async () => {
      const [a, b, c, id] = [freshId(), freshId(), freshId(), freshId()];
      await store().write([event(id, 1, { event_time: 7000, summary: 'ran a script', device_id: null })]);
      expect(await complete(id, { device_id: a, device_ids: [a, b], organisation_id: '1' })).toBe(true);
      const shown = { id, summary: 'ran a script', organisation_id: '1' };
      for (const one of [a, b]) expect(await listed(one, 'id, summary, organisation_id')).toEqual([shown]);
      expect(await complete(id, { device_id: null, device_ids: [b, c], organisation_id: null })).toBe(true);
      expect(await listed(a)).toEqual([]);
      for (const one of [b, c])
        expect(await listed(one, 'id, organisation_id')).toEqual([{ id, organisation_id: null }]);
    });

    it('lists an event again when its write is repeated, as the row is and not as it was written', async () => {
      const [pc, id] = [freshId(), freshId()];
      const written = event(id, 1, { event_time: 7000, event_type: 'X', summary: 's' });
      await store().write([written]);
      await complete(id, { device_id: pc });
      // With the store's own clock: the driver's may stand at the very microsecond of the next write, where a delete wins.
      await client().execute(
        `DELETE FROM ${settings.keyspace}.device_events USING TIMESTAMP ? WHERE tool = ? AND device_id = ?`,
        [microseconds(), TOOL, pc],
        { prepare: true },
      );
      expect(await store().write([written])).toEqual([mode === 'lwt' ? 'duplicate' : 'written']);
      expect(await listed(pc, 'id, event_type')).toEqual([{ id, event_type: 'X' }]);
      // A newer version that says a part only.
      await store().write([event(id, 2, { summary: 'newer' })]);
      expect(await listed(pc, 'id, event_type, summary')).toEqual([
        { id, event_type: 'X', summary: 'newer' },
      ]);
    });

    it.skipIf(mode === 'timestamp')('lists the row that is there when a completion is refused', async () => {
      const [a, b, id] = [freshId(), freshId(), freshId()];
      await store().write([event(id, 1, { event_time: 7000, device_id: a })]);
      const seen = must(await readOne(store(), id, 'event'), 'row');
      expect(await store().complete(seen, { device_name: 'A', organisation_id: '1' })).toBe(true);
      expect(await store().complete(seen, { device_id: b, organisation_id: '2' })).toBe(false);
      expect(await listed(a, 'id, organisation_id')).toEqual([{ id, organisation_id: '1' }]);
      expect(await listed(b)).toEqual([]);
    });

    it('fails the write when the list cannot be written, and mends it with the next', async () => {
      const [pc, id] = [freshId(), freshId()];
      const table = `${settings.keyspace}.device_events`;
      const [written] = [event(id, 1, { event_time: 7000, device_id: pc })];
      await client().execute(`DROP TABLE ${table}`, [], { prepare: false });
      await expect(store().write([written])).rejects.toThrow(/device_events/);
      await makeKeyspace(settings);
      const fresh = await openStore(settings);
      await fresh.write([written]);
      await fresh.close();
      expect(await listed(pc)).toEqual([id]);
    }, 60_000);

    it('keeps what is listed as long as the event', async () => {
      const [pc, id] = [freshId(), freshId()];
      const fresh = await openStore(settings);
      await fresh.write([event(id, 1, { event_time: 7000, device_id: pc, event_type: 'X' })]);
      await fresh.close();
      const query = `SELECT TTL(event_type) AS ttl FROM ${settings.keyspace}`;
      const [list] = (
        await client().execute(`${query}.device_events WHERE tool = ? AND device_id = ?`, [TOOL, pc], {
          prepare: true,
        })
      ).rows;
      expect(list?.ttl).toBeGreaterThan(settings.historyKeepSeconds - 100);
      const key = [TOOL, store().bucketOf(id), id];
      const [row] = (
        await client().execute(`${query}.events WHERE tool = ? AND bucket = ? AND id = ?`, key, {
          prepare: true,
        })
      ).rows;
      expect(row?.ttl).toBeGreaterThan(settings.historyKeepSeconds - 100);
      expect(row?.ttl).toBeLessThanOrEqual(settings.historyKeepSeconds);
    });
  },
);
