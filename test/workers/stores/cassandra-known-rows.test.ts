import { describe, expect, it, vi } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import { createClient } from '../../../src/workers/stores/cassandra-client.ts';
import { CassandraStore } from '../../../src/workers/stores/cassandra-store.ts';
import { keyspaceName, SERVER, SKIPPED, settingsFor, useStore } from './cassandra-server.ts';
import { deletion, device, facet, freshId, readOne, TOOL } from './samples.ts';

describe.skipIf(SERVER === undefined)(
  `rows that a change tells a part of, on a real Cassandra${SKIPPED}`,
  () => {
    const settings = settingsFor(keyspaceName('known_rows'));
    const { store: other } = useStore(settings);

    /** A store of its own, with counts of what it asks the server. */
    async function watched(
      trial: (store: CassandraStore, asked: { reads: () => number; writes: () => number }) => Promise<void>,
      more: Partial<typeof settings> = {},
    ): Promise<void> {
      const client = createClient(settings);
      const [reads, writes] = [vi.spyOn(client, 'execute'), vi.spyOn(client, 'batch')];
      const store = new CassandraStore({ ...settings, ...more }, client);
      try {
        await trial(store, { reads: () => reads.mock.calls.length, writes: () => writes.mock.calls.length });
      } finally {
        await store.close();
      }
    }

    it('reads such a row once, and knows it through the changes that follow', () =>
      watched(async (store, { reads, writes }) => {
        const id = freshId();
        await store.write([device(id, 1, { hostname: 'h', cpu: 'c' })]);
        for (const n of [2, 3, 4, 5]) {
          const change = device(id, n, { hostname: `h${n}` });
          await store.write([change]);
          const row = must((await store.readWritten([change])).get(id), 'row');
          expect(row.columns).toEqual({ hostname: `h${n}`, cpu: 'c' });
          expect(row).toEqual(await readOne(other(), id));
        }
        const seen = facet(id, 'host_seen_times', 1, { last_seen: 5 });
        await store.write([seen]);
        await store.write([device(id, 6, { cpu: null })]);
        expect(await store.readWritten([seen])).toEqual(await other().read('device', TOOL, [id]));
        // A facet that the row did not have before is written as a first one, after which the row is read again.
        expect(reads()).toBe(2);
        expect(writes()).toBe(7);
      }));

    it('sees what another process wrote, completed or deleted in between', () =>
      watched(async (store) => {
        const id = freshId();
        const others = [
          (n: number) => other().write([facet(id, 'host_seen_times', n, { last_seen: 7 })]),
          (n: number) => other().write([device(id, n, { description: 'd' })]),
          async () => other().complete(must(await readOne(other(), id), 'row'), { site_name: 'S' }),
          (n: number) => other().write([deletion(id, n)]),
          (n: number) => other().write([device(id, n, {}, { carry: { fromId: 'f', columns: ['cpu'] } })]),
        ];
        let n = 0;
        for (const change of others) {
          await store.write([device(id, n + 1, { hostname: 'h', cpu: 'c' })]);
          for (const at of [n + 1, n + 2]) {
            await store.write([device(id, at, { hostname: 'i' })]);
            await store.readWritten([device(id, at, {})]);
          }
          await change(n + 3);
          const later = device(id, n + 4, { hostname: 'j' });
          expect(await store.write([later])).toEqual(['written']);
          expect(await store.readWritten([later])).toEqual(await other().read('device', TOOL, [id]));
          n += 10;
        }
      }));

    it('writes of a row that it knows only what changes', async () => {
      const client = createClient(settings);
      const store = new CassandraStore(settings, client);
      const id = freshId();
      const written = async (): Promise<unknown[]> => {
        const query = `SELECT WRITETIME(hostname) AS h, WRITETIME(cpu) AS c, cpu, description FROM ${settings.keyspace}.devices WHERE tool = ? AND bucket = ? AND id = ?`;
        const { rows } = await client.execute(query, [TOOL, store.bucketOf(id), id], { prepare: true });
        const row = must(rows[0], 'row');
        return [row.h, row.c, row.cpu, row.description];
      };
      try {
        await store.write([device(id, 1, { hostname: 'h', cpu: 'c' })]);
        await store.read('device', TOOL, [id]);
        const [hostname, cpu] = await written();
        await store.write([device(id, 2, { hostname: 'i', cpu: 'c', description: null })]);
        const [laterHostname, laterCpu] = await written();
        expect([laterHostname === hostname, laterCpu === cpu]).toEqual([false, true]);
        await store.write([device(id, 3, { hostname: 'i', cpu: null, description: 'd' })]);
        expect((await written()).slice(2)).toEqual([null, 'd']);
        expect((await readOne(other(), id))?.columns).toEqual({ hostname: 'i', description: 'd' });
      } finally {
        await store.close();
      }
    });

    it('reads every time with no room to know rows', () =>
      watched(
        async (store, { reads }) => {
          const id = freshId();
          for (const n of [1, 2, 3]) {
            const change = device(id, n, { hostname: `h${n}` });
            await store.write([change]);
            expect((await store.readWritten([change])).get(id)?.columns).toEqual({ hostname: `h${n}` });
          }
          expect(reads()).toBe(3);
        },
        { knownRowsBytes: 0 },
      ));
  },
);
