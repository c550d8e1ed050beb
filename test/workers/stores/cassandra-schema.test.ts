import { afterAll, describe, expect, it } from 'vitest';
import { applySchema, planSchema } from '../../../src/cli/schema.ts';
import { ENTITIES, type Entity } from '../../../src/shared/entity.ts';
import { DependencyError } from '../../../src/shared/errors.ts';
import { createClient } from '../../../src/workers/stores/cassandra-client.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import { dropKeyspace, keyspaceName, SERVER, SKIPPED, settingsFor } from './cassandra-server.ts';

const OTHER_TABLES = [
  'key_moves',
  'waiting_rows',
  'truncations',
  'device_events',
  'devices_by_organisation',
  'probes',
];

describe.skipIf(SERVER === undefined)(`the schema on a real Cassandra${SKIPPED}`, () => {
  const settings = settingsFor(keyspaceName('schema'));
  afterAll(() => dropKeyspace(settings), 60_000);

  async function cql(query: string): Promise<void> {
    const client = createClient({ ...settings, requestTimeoutMs: 60_000 });
    await client.execute(query, [], { prepare: false });
    await client.shutdown();
  }

  it('is planned, applied once and then as it should be', async () => {
    await expect(openStore(settings)).rejects.toThrow(DependencyError);
    const plan = await planSchema(settings);
    expect(plan.problems).toEqual([]);
    const changes = plan.changes.map((change) => change.what);
    expect(changes[0]).toBe(`create keyspace ${settings.keyspace}`);
    const entities = Object.values(ENTITIES);
    const tables = [...entities.map(({ table }) => table), ...OTHER_TABLES];
    expect(changes.filter((what) => what.startsWith('create table'))).toEqual(
      tables.map((table) => `create table ${table}`),
    );
    const indexes = entities.flatMap(({ table, indexes: columns }: Entity) =>
      [...(table === 'users' ? ['tool'] : []), ...columns].map(
        (column) => `create index ${table}_${column}_idx`,
      ),
    );
    expect(changes.filter((what) => what.startsWith('create index'))).toEqual(indexes);
    expect(changes).toHaveLength(1 + tables.length + indexes.length);
    expect(await applySchema(settings)).toEqual(plan);
    expect(await planSchema(settings)).toEqual({ changes: [], problems: [] });
    await cql(`SELECT id FROM ${settings.keyspace}.users WHERE tool = 'authentik'`);
    const store = await openStore(settings);
    await store.probe();
    await store.close();
  }, 120_000);

  it('gets a missing column added, and nothing dropped', async () => {
    await cql(`ALTER TABLE ${settings.keyspace}.devices DROP cpu`);
    await cql(`ALTER TABLE ${settings.keyspace}.devices ADD of_the_operator text`);
    const plan = await planSchema(settings);
    expect(plan.changes.map((change) => change.what)).toEqual(['add column devices.cpu']);
    await expect(openStore(settings)).rejects.toThrow(
      /add column devices.cpu.*openframe-stream schema apply/,
    );
    await applySchema(settings);
    expect(await planSchema(settings)).toEqual({ changes: [], problems: [] });
  }, 120_000);

  it('gets a missing index made, takes one of another name, and reports one that is something else', async () => {
    await cql(`DROP INDEX ${settings.keyspace}.sites_organisation_id_idx`);
    await cql(`DROP INDEX ${settings.keyspace}.users_role_id_idx`);
    await cql(`CREATE INDEX of_the_operator ON ${settings.keyspace}.users (role_id) USING 'sai'`);
    const plan = await planSchema(settings);
    expect(plan.problems).toEqual([]);
    expect(plan.changes.map((change) => change.what)).toEqual(['create index sites_organisation_id_idx']);
    await expect(openStore(settings)).rejects.toThrow(/create index sites_organisation_id_idx/);
    await cql(`CREATE INDEX sites_organisation_id_idx ON ${settings.keyspace}.sites (organisation_id)`);
    expect(await planSchema(settings)).toEqual({
      changes: [],
      problems: ['sites_organisation_id_idx is not a storage-attached index on sites.organisation_id'],
    });
    await cql(`DROP INDEX ${settings.keyspace}.sites_organisation_id_idx`);
    await applySchema(settings);
    expect(await planSchema(settings)).toEqual({ changes: [], problems: [] });
  }, 120_000);

  it('is refused when buckets or write modes are not those that the tables were made with', async () => {
    const { problems } = await planSchema({ ...settings, buckets: 8, writeModes: { users: 'timestamp' } });
    expect(problems).toHaveLength(Object.keys(ENTITIES).length);
    expect(problems.join('\n')).toMatch(
      /users was made with ".*buckets=4 writes=lwt".*buckets=8 writes=timestamp/,
    );
    await expect(openStore({ ...settings, buckets: 8 })).rejects.toThrow(DependencyError);
  }, 60_000);

  it('reports a column of another type', async () => {
    await cql(`ALTER TABLE ${settings.keyspace}.sites DROP name`);
    await cql(`ALTER TABLE ${settings.keyspace}.sites ADD name2 int`);
    await cql(`DROP TABLE ${settings.keyspace}.roles`);
    await cql(
      `CREATE TABLE ${settings.keyspace}.roles (tool text, bucket int, id text, name int, PRIMARY KEY (tool, bucket, id))`,
    );
    const { problems } = await planSchema(settings);
    expect(problems).toEqual([
      'roles.bucket is "clustering 0" in the key, it has to be "partition_key 1"',
      'roles.id is "clustering 1" in the key, it has to be "clustering 0"',
      'roles.name is int, it has to be text',
    ]);
  }, 120_000);
});
