import { describe, expect, test } from 'vitest';
import { toSourceRecord } from '../../src/shared/captured-record.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { captured as capture, MAIN_CAPTURES, SOURCES } from './captures.ts';
import {
  agentRecord,
  captured,
  fleetRecord,
  MARIADB,
  meshRecord,
  NOW,
  newTrial,
  POSTGRES,
  SITE,
  siteRecord,
} from './record-builder.ts';

describe('captured records', () => {
  const others = [
    'meshcentral-mongodb-cdc/capture-mode-deltas',
    'meshcentral-mongodb-cdc/capture-mode-images',
    'meshcentral-mongodb-cdc/debezium-3.1.1',
    'with-schema',
    'with-schema/tactical-postgres-cdc',
    'with-schema/fleetmdm-mysql-cdc',
    'with-schema/authentik-postgres-cdc',
    'extra/tactical-postgres-cdc',
    'extra/fleetmdm-mysql-cdc',
  ];
  test.each([...MAIN_CAPTURES, ...others])('of %s are all understood', async (folder) => {
    const trial = newTrial();
    const records = await capture(folder);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(trial.decode(record).kind).not.toBe('reject');
    expect(trial.guarded).toEqual([]);
  });

  test.each([
    ['tactical-postgres-cdc/tactical.public.clients_site.jsonl', 'clients_site'],
    ['fleetmdm-mysql-cdc/fleetmdm.fleet.host_disks.jsonl', 'host_disks'],
  ])('of %s say the same with their schemas and binary decimals in front', async (file) => {
    // The longer keys fall on other partitions: only the changes of one row are in the same order. The servers' own times differ.
    const changes = async (folder: string) => {
      const trial = newTrial();
      const records = (await capture(`${folder}${file}`)).filter((record) => record.value !== null);
      const all = records.map((record) => trial.mutation(record));
      return all
        .sort((one, other) => Number(one.id) - Number(other.id))
        .map(({ id, deleted, columns }) => ({
          id,
          deleted,
          columns: { ...columns, created_at: 0, updated_at: 0 },
        }));
    };
    expect(await changes('with-schema/')).toEqual(await changes(''));
  });

  test('never put a secret of their source into a mutation', async () => {
    const trial = newTrial();
    for (const folder of MAIN_CAPTURES) {
      for (const record of await capture(folder)) {
        const decoded = trial.decode(record);
        if (decoded.kind !== 'changes') continue;
        const text = JSON.stringify(decoded, (_, value) =>
          typeof value === 'bigint' ? String(value) : value,
        );
        const secrets = /"(?:password|salt|hash|node_key|orbit_node_key|totp_key)":"([^"]{8,})"/g;
        const after = JSON.parse(record.value ?? '{}').after;
        const document =
          typeof after === 'string' ? after.replaceAll('": "', '":"') : JSON.stringify(after ?? {});
        for (const [, secret = ''] of document.matchAll(secrets)) expect(text).not.toContain(secret);
      }
    }
  });
});

describe('where a record comes from', () => {
  test('is told by the header on topics that are not named after a connector', () => {
    const headers: [string, string][] = [['message-type', 'TACTICAL_RMM_EVENT']];
    const trial = newTrial();
    const record = siteRecord(
      { source: { ...POSTGRES, name: 'tactical_rmm_postgres' } },
      { topic: 'rmm.events', headers },
    );
    expect(trial.mutation(record)).toMatchObject({ tool: 'tactical-rmm', entity: 'site', id: '3' });
  });

  test('or by the connector itself, when there is no header', () => {
    expect(newTrial().mutation(siteRecord({}, { topic: 'all-changes' })).tool).toBe('tactical-rmm');
  });

  test('and the table by the topic when the source does not say it', () => {
    const { table: _, ...source } = POSTGRES;
    expect(newTrial().mutation(siteRecord({ source })).entity).toBe('site');
  });
});

describe('versions', () => {
  const version = (source: object, op = 'u') =>
    newTrial().mutation(siteRecord({ source: { ...POSTGRES, ...source }, op })).version;

  test('are PostgreSQL positions, exact beyond 2^53', () => {
    const trial = newTrial();
    const value = siteRecord({}).value?.replace('24023128}', '9223372036854775807}') ?? null;
    expect(trial.mutation(captured({ value })).version).toBe('0000-7fffffffffffffff-1');
    expect(version({})).toBe('0000-00000000016e9058-1');
  });

  test('come from the sequence where an incremental snapshot leaves the position out', () => {
    expect(version({ lsn: null, sequence: '[null,"24023119"]' }, 'r')).toBe('0000-00000000016e904f-0');
  });

  test('put a snapshot row below a streamed change at the same position', () => {
    expect(version({}, 'r') < version({})).toBe(true);
  });

  test('are binlog file, position and row of MySQL and MariaDB', () => {
    const mutation = newTrial().mutation(fleetRecord('hosts', { id: 1, hostname: 'a' }));
    expect(mutation.version).toBe('0000-00000003-0000000000000fac-00000002-1');
  });

  test('are the offset for MongoDB, the first one for a replayed dead letter', () => {
    const document = '{"_id":"node//a","type":"node","name":"a"}';
    const headers: [string, string][] = [['openframe.replay.offset', '17']];
    expect(newTrial().mutation(meshRecord('node//a', document, 'c')).version).toBe('0000-000000000000002a-1');
    expect(newTrial().mutation(meshRecord('node//a', document, 'c', { headers })).version).toBe(
      '0000-0000000000000011-1',
    );
  });

  test('have the epoch of their connector in front', () => {
    const sources = SOURCES.map((source) => ({ ...source, epoch: 2 }));
    const decoded = createDecoder({ sources, now: () => NOW }).decode(toSourceRecord(siteRecord({})));
    expect(decoded).toMatchObject({ changes: [{ mutation: { version: '0002-00000000016e9058-1' } }] });
  });
});

describe('ids', () => {
  test('are exact beyond 2^53, negative ones too', () => {
    const id = (key: string) => newTrial().mutation(siteRecord({}, { key })).id;
    expect(id('{"id":9007199254740993}')).toBe('9007199254740993');
    expect(id('{ "id": 9007199254740993 }')).toBe('9007199254740993');
    expect(id('{"id":-1}')).toBe('-1');
    expect(id('{"id":"a-b"}')).toBe('a-b');
    expect(id('{"id":3,"__dbz__physicalTableIdentifier":"tactical.public.clients_site"}')).toBe('3');
    expect(id('{"schema":{"type":"struct","fields":[]},"payload":{"id":5}}')).toBe('5');
    expect(id('{"schema":{"type":"struct"},"payload":{"id":9007199254740993,"x":1}}')).toBe(
      '9007199254740993',
    );
  });

  test('of documents are the string, or the digits of an ObjectId', () => {
    const trial = newTrial();
    expect(trial.mutation(meshRecord('node//Wd$7@"ö', '{"_id":"x","type":"node"}', 'c')).id).toBe(
      'node//Wd$7@"ö',
    );
    const lost = trial.decode({
      ...meshRecord('', null, 'd'),
      key: '{"id":"{\\"$oid\\": \\"68baa1d8c2a4f0a1b2c3d4e5\\"}"}',
    });
    expect(lost).toEqual({ kind: 'skip', reason: 'unmapped_document' });
  });
});

describe('changes', () => {
  test('say what the source did', () => {
    const operation = (op: string) => {
      const decoded = newTrial().decode(siteRecord({ op }));
      return decoded.kind === 'changes' ? decoded.changes[0]?.operation : undefined;
    };
    expect(['c', 'u', 'd', 'r'].map(operation)).toEqual(['create', 'update', 'delete', 'snapshot']);
  });

  test('of a deleted row clear every column of its mapping, whatever stands in before', () => {
    const before = { ...SITE, name: '', client_id: 0 };
    const mutation = newTrial().mutation(siteRecord({ op: 'd', before, after: null }));
    expect(mutation.deleted).toBe(true);
    expect(mutation.columns).toEqual({
      organisation_id: null,
      site_id: null,
      site_name: null,
      name: null,
      created_at: null,
      updated_at: null,
    });
  });

  test('of a deleted facet clear its columns only', () => {
    const record = fleetRecord('host_mdm', {}, { key: '{"host_id":7}' });
    const value = record.value?.replace('"after":{}', '"after":null').replace('"op":"u"', '"op":"d"') ?? null;
    expect(newTrial().mutation({ ...record, value })).toMatchObject({
      id: '7',
      facet: 'host_mdm',
      deleted: true,
      columns: { mdm_enrolled: null, mdm_server_url: null },
    });
  });

  test('of deleted documents are told by the id', () => {
    const facet = newTrial().mutation(meshRecord('lcnode//a', null, 'd'));
    expect(facet).toMatchObject({
      id: 'node//a',
      facet: 'lastconnect',
      columns: { last_seen: null, online: null },
    });
    expect(newTrial().mutation(meshRecord('user//ann', null, 'd'))).toMatchObject({
      entity: 'user',
      id: 'user//ann',
    });
  });

  test('of a key move name the other key on both halves', () => {
    const gone = siteRecord({ op: 'd', after: null }, { headers: [['__debezium.newkey', '{"id":9}']] });
    expect(newTrial().mutation(gone)).toMatchObject({ id: '3', movedTo: '9' });
    const after = { ...SITE, id: 9, name: '__debezium_unavailable_value' };
    const wrapped = '{"schema":{"type":"struct"},"payload":{"id":3}}';
    const come = siteRecord(
      { op: 'c', after },
      { key: '{"id":9}', headers: [['__debezium.oldkey', wrapped]] },
    );
    const mutation = newTrial().mutation(come);
    expect(mutation.carry).toEqual({ fromId: '3', columns: ['site_name', 'name'] });
    expect(mutation.columns).not.toHaveProperty('name');
  });

  test('take the time of the source, else of the connector, else of the record', () => {
    const { ts_ms: _, ...source } = POSTGRES;
    const time = (envelope: object) => newTrial().mutation(siteRecord(envelope, { timestamp: 7 })).sourceTs;
    expect(time({})).toBe(NOW);
    expect(time({ source, ts_ms: 5 })).toBe(5);
    expect(time({ source, ts_ms: null })).toBe(7);
  });

  test('leave out columns that an older table does not have, but a missing field of a document is null', () => {
    expect(
      newTrial().mutation(siteRecord({ after: { id: 3, name: 'a', client_id: 1 } })).columns,
    ).not.toHaveProperty('created_at');
    expect(
      newTrial().mutation(meshRecord('node//a', '{"_id":"node//a","type":"node"}', 'c')).columns,
    ).toMatchObject({
      device_key: 'node//a',
      description: null,
      tags: null,
    });
  });

  test('read NaN and infinities that MongoDB writes bare as null', () => {
    const document =
      '{"_id": "lcnode//a","type": "lastconnect","x": -Infinity,"s": "NaN, \\"NaN","time": NaN,"cause": 1}';
    expect(newTrial().mutation(meshRecord('lcnode//a', document, 'c')).columns).toEqual({
      last_seen: null,
      online: true,
    });
  });

  test('hold numbers beyond 2^53 exactly', () => {
    const value = fleetRecord('hosts', { id: 1, hostname: 'a', memory: 0 }).value?.replace(
      '"memory":0',
      '"memory":9007199254740993',
    );
    const mutation = newTrial().mutation(
      captured({ topic: 'fleetmdm.fleet.hosts', key: '{"id":1}', value: value ?? null }),
    );
    expect(mutation.columns.memory_bytes).toBe(9007199254740993n);
    expect(newTrial().mutation(agentRecord({ total_ram: 2 ** 31 - 1 })).columns.memory_bytes).toBe(
      (2n ** 31n - 1n) << 30n,
    );
  });
});

test('a position of MariaDB that was rounded is read again exactly', () => {
  const record = fleetRecord('hosts', { id: 1, hostname: 'a' });
  const value = record.value?.replace(`"pos":${MARIADB.pos}`, '"pos":9007199254740993') ?? null;
  expect(newTrial().mutation({ ...record, value }).version).toBe('0000-00000003-0020000000000001-00000002-1');
});
