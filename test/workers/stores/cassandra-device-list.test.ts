import { describe, expect, it } from 'vitest';
import { newWorker } from '../stages.ts';
import { keyspaceName, SERVER, SKIPPED, settingsFor, useStore } from './cassandra-server.ts';
import { deletion, device, freshId, TOOL } from './samples.ts';

describe.skipIf(SERVER === undefined)(`devices by organisation, on a real Cassandra${SKIPPED}`, () => {
  const settings = settingsFor(keyspaceName('device_list'));
  const { store, client } = useStore(settings);

  async function listed(organisation: string): Promise<unknown[]> {
    const query = `SELECT id, hostname FROM ${settings.keyspace}.devices_by_organisation WHERE tool = ? AND organisation_id = ?`;
    const { rows } = await client().execute(query, [TOOL, organisation], { prepare: true });
    return rows.map(({ id, hostname }) => [id, hostname]);
  }
  const list = (id: string): Promise<void> => store().listDevice({ entity: 'device', tool: TOOL, id });

  it('lists a device as its row is, also again', async () => {
    const [id, organisation] = [freshId(), freshId()];
    await store().write([device(id, 1, { hostname: 'PC-1', organisation_id: organisation })]);
    await list(id);
    expect(await listed(organisation)).toEqual([[id, 'PC-1']]);
    await store().write([device(id, 2, { hostname: 'PC-2', organisation_id: organisation })]);
    await list(id);
    await list(id);
    expect(await listed(organisation)).toEqual([[id, 'PC-2']]);
  });

  it('has nothing of a device without an organisation, of a deleted one, and of one that is not there', async () => {
    const [none, gone, organisation] = [freshId(), freshId(), freshId()];
    await store().write([device(none, 1, { hostname: 'PC' })]);
    await store().write([device(gone, 1, { hostname: 'PC', organisation_id: organisation })]);
    for (const id of [none, gone, freshId()]) await list(id);
    expect(await listed(organisation)).toHaveLength(1);
    await store().unlistDevice(TOOL, organisation, gone);
    await store().write([deletion(gone, 2, ['hostname', 'organisation_id'])]);
    await list(gone);
    expect(await listed(organisation)).toEqual([]);
  });

  it('moves a device from one list to the other when its row moves, as a batch does it', async () => {
    const [id, from, to] = [freshId(), freshId(), freshId()];
    const { enricher, followUps, stages } = newWorker(store());
    const move = async (n: number, organisation: string | null): Promise<void> => {
      const mutation = device(id, n, { hostname: 'PC', organisation_id: organisation });
      const enrichment = await enricher.enrich([mutation]);
      for (const { before, after } of enrichment.followUps) {
        const left = before?.organisation_id;
        if (typeof left === 'string' && left !== after?.organisation_id)
          await stages.store.unlistDevice(TOOL, left, id);
      }
      await store().write([mutation]);
      enricher.decided(mutation, true, enrichment);
      for (const followUp of enrichment.followUps) for await (const _ of followUps.run(followUp));
    };
    await move(1, from);
    expect([await listed(from), await listed(to)]).toEqual([[[id, 'PC']], []]);
    await move(2, to);
    expect([await listed(from), await listed(to)]).toEqual([[], [[id, 'PC']]]);
    await move(3, null);
    expect([await listed(from), await listed(to)]).toEqual([[], []]);
  });
});
