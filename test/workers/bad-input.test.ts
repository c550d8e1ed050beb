import { describe, expect, test } from 'vitest';
import {
  agentRecord,
  captured,
  fleetRecord,
  meshRecord,
  newTrial,
  POSTGRES,
  SITE,
  siteRecord,
} from './record-builder.ts';

const SECRET = 'pbkdf2_sha256$hunter2';

describe('a record that is no change is refused with its reason', () => {
  const cases: [string, ReturnType<typeof captured>, string, string][] = [
    ['text that is no JSON', captured({ value: `{"password":${SECRET}` }), 'invalid_json', 'position 12'],
    ['JSON cut off', captured({ value: '{"op":"c","after":{"id":3' }), 'invalid_json', 'position 25'],
    ['an empty value', captured({ value: '' }), 'invalid_json', 'value is empty'],
    ['an array', captured({ value: '[1]' }), 'not_an_envelope', 'value is an array, not an object'],
    ['a bare number', captured({ value: '7' }), 'not_an_envelope', 'value is a number, not an object'],
    ['no op', siteRecord({ op: undefined }), 'not_an_envelope', 'value has no op'],
    ['nothing but times', captured({ value: '{"ts_ms":1,"ts_us":1}' }), 'not_an_envelope', 'value has no op'],
    ['an unknown op', siteRecord({ op: SECRET }), 'unknown_operation', 'op is a text of 21 characters'],
    ['an op of another type', siteRecord({ op: 1 }), 'unknown_operation', 'op is a number'],
    ['no source', siteRecord({ source: null }), 'not_an_envelope', 'source is null'],
    ['an insert without its row', siteRecord({ op: 'c', after: null }), 'not_an_envelope', 'after is null'],
    ['a row that is a text', siteRecord({ after: SECRET }), 'not_an_envelope', 'after is text'],
    ['no key', siteRecord({}, { key: null }), 'missing_key', 'record has no key'],
    ['an empty key', siteRecord({}, { key: '' }), 'invalid_key', 'key is empty'],
    ['a key of another type', siteRecord({}, { key: '"3"' }), 'invalid_key', 'key is text, not an object'],
    ['a key that is no JSON', siteRecord({}, { key: 'Struct{id=3}' }), 'invalid_key', 'key is not JSON'],
    [
      'a key without its column',
      siteRecord({}, { key: '{"uuid":"x"}' }),
      'invalid_key',
      'key column id is nothing',
    ],
    [
      'a key column of another type',
      siteRecord({}, { key: '{"id":[3]}' }),
      'invalid_key',
      'key column id is an array',
    ],
    [
      'a null in a key column',
      siteRecord({}, { key: '{"id":null}' }),
      'invalid_key',
      'key column id is null',
    ],
    [
      'an object where text is expected',
      siteRecord({ after: { ...SITE, name: { a: SECRET } } }),
      'invalid_value',
      'column name is an object, expected text',
    ],
    [
      'text where a boolean is expected',
      agentRecord({ needs_reboot: SECRET }),
      'invalid_value',
      'column needs_reboot is text, expected a boolean',
    ],
    [
      'text where a time is expected',
      siteRecord({ after: { ...SITE, created_time: SECRET } }),
      'invalid_value',
      'column created_time is text, expected a time',
    ],
    [
      'a fraction where an integer is expected',
      fleetRecord('hosts', { hostname: 'a', memory: 1.5 }),
      'invalid_value',
      'column memory is a number, expected a 64-bit integer',
    ],
    [
      'text where a decimal is expected',
      fleetRecord('host_disks', { gigs_total_disk_space: SECRET }, { key: '{"host_id":1}' }),
      'invalid_value',
      'column gigs_total_disk_space is text, expected a decimal',
    ],
    [
      'a required column that is null',
      siteRecord({ after: { ...SITE, name: null } }),
      'missing_column',
      'column name is absent or null',
    ],
    [
      'no position',
      siteRecord({ source: { ...POSTGRES, lsn: null, sequence: null } }),
      'missing_version',
      'neither lsn nor sequence',
    ],
    [
      'a negative position',
      siteRecord({ source: { ...POSTGRES, lsn: -1 } }),
      'missing_version',
      'source.lsn',
    ],
    [
      'a connector of another kind',
      siteRecord({ source: { ...POSTGRES, connector: SECRET } }),
      'missing_version',
      'source.connector',
    ],
    [
      'a document that is no JSON',
      meshRecord('node//a', `{"_id":${SECRET}`, 'c'),
      'invalid_json',
      'document in after',
    ],
    [
      'a document that is a list',
      meshRecord('node//a', '[1]', 'c'),
      'not_an_envelope',
      'document in after is an array',
    ],
  ];
  test.each(cases)('%s', (_, record, code, message) => {
    const decoded = newTrial().decode(record);
    expect(decoded).toMatchObject({ kind: 'reject', code });
    if (decoded.kind !== 'reject') return;
    expect(decoded.message).toContain(message);
    expect(decoded.message).not.toContain('pbkdf2');
    expect(decoded.message).not.toContain('hunter2');
  });
});

describe('what is recognised and needs no work is skipped', () => {
  const cases: [string, ReturnType<typeof captured>, string][] = [
    ['a tombstone', captured({ value: null }), 'tombstone'],
    ['a tombstone in a schema', captured({ value: '{"schema":null,"payload":null}' }), 'tombstone'],
    [
      'a tombstone with white space in its schema',
      captured({ value: '{ "schema": null, "payload": null }' }),
      'tombstone',
    ],
    [
      'a heartbeat by its topic',
      captured({ topic: '__debezium-heartbeat.tactical', value: '{}' }),
      'heartbeat',
    ],
    ['a heartbeat on a renamed topic', captured({ topic: 'beats', value: '{"ts_ms":1}' }), 'heartbeat'],
    ['a transaction mark', captured({ value: '{"status":"END","id":"5:6","ts_ms":1}' }), 'transaction'],
    [
      'a schema change',
      captured({ value: '{"databaseName":"fleet","ddl":"ALTER …","ts_ms":1,"source":{}}' }),
      'schema_change',
    ],
    ['a logical message', captured({ value: '{"op":"m","message":{"prefix":"x"}}' }), 'logical_message'],
    [
      'a table that nothing is mapped from',
      siteRecord({ source: { ...POSTGRES, table: 'alien' } }),
      'unmapped_table',
    ],
    [
      'a truncate of such a table',
      siteRecord({ op: 't', source: { ...POSTGRES, table: 'alien' } }, { key: null }),
      'unmapped_table',
    ],
    [
      'a connector that is not configured',
      siteRecord({ source: { ...POSTGRES, name: 'other' } }, { topic: 'other.public.clients_site' }),
      'unmapped_table',
    ],
    [
      'a document of another type',
      meshRecord('cfile//a', '{"_id":"cfile//a","type":"cfile"}', 'c'),
      'unmapped_document',
    ],
    [
      'a document whose id is not of its type',
      meshRecord('x', '{"_id":"x","type":"node"}', 'c'),
      'unmapped_document',
    ],
    ['the delete of a document of another type', meshRecord('cfile//a', null, 'd'), 'unmapped_document'],
    ['an update of a document that was gone at look-up', meshRecord('node//a', null, 'u'), 'gone_at_lookup'],
  ];
  test.each(cases)('%s', (_, record, reason) => {
    expect(newTrial().decode(record)).toEqual({ kind: 'skip', reason });
  });

  test('and tables without a mapping are named to the caller, never by a document', () => {
    const trial = newTrial();
    trial.decode(siteRecord({ source: { ...POSTGRES, table: 'alien' } }));
    trial.decode(meshRecord('cfile//a', '{"_id":"cfile//a","type":"cfile"}', 'c'));
    expect(trial.unmapped).toEqual(['tactical-rmm.alien', 'meshcentral.meshcentral.other']);
  });
});

describe('input made to break a decoder', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  test('a hundred thousand levels of JSON in a column that is not needed changes nothing', () => {
    const record = siteRecord({});
    const value =
      record.value?.replace('"modified_time":null', `"failing":${deep},"modified_time":null`) ?? null;
    expect(newTrial().mutation({ ...record, value }).columns.name).toBe('Main');
  });

  test('and in one that is needed it is refused by its type', () => {
    const value = siteRecord({}).value?.replace('"Main"', deep) ?? null;
    expect(newTrial().decode(captured({ value }))).toMatchObject({ kind: 'reject', code: 'invalid_value' });
  });

  test('beside a number that must be read exactly, it is refused and not crashed on', () => {
    const value =
      siteRecord({})
        .value?.replace('24023128,', '9007199254740993,')
        .replace('24023128}', `9007199254740993,"x":${deep}}`) ?? null;
    expect(newTrial().decode(captured({ value }))).toMatchObject({ kind: 'reject', code: 'invalid_json' });
  });

  test('a key nested as deeply is refused', () => {
    expect(newTrial().decode(siteRecord({}, { key: deep }))).toMatchObject({
      kind: 'reject',
      code: 'invalid_key',
    });
  });

  test('text of ten megabytes is cut visibly and counted', () => {
    const trial = newTrial();
    const name = trial.mutation(siteRecord({ after: { ...SITE, name: '🎪'.repeat(2_500_000) } })).columns
      .name;
    expect(String(name)).toMatch(/^🎪+… \[cut\]$/u);
    expect(Buffer.byteLength(String(name))).toBeLessThanOrEqual(64 * 1024);
    expect(trial.guarded).toContain('tactical-rmm.clients_site text_too_long');
  });

  test('names of JavaScript itself as columns and tables do no harm', () => {
    const value =
      '{"op":"u","after":{"__proto__":{"x":1},"constructor":1,"id":3,"name":"Main","client_id":2},"source":';
    const trial = newTrial();
    expect(trial.mutation(captured({ value: `${value}${JSON.stringify(POSTGRES)}}` })).columns.name).toBe(
      'Main',
    );
    expect(trial.decode(siteRecord({ source: { ...POSTGRES, table: '__proto__' } })).kind).toBe('skip');
    expect(trial.decode(meshRecord('node//a', '{"_id":"node//a","type":"constructor"}', 'c')).kind).toBe(
      'skip',
    );
  });

  test('an unreadable record leaves the next one of its topic alone', () => {
    const trial = newTrial();
    trial.decode(captured({ value: '{"schema":{"type":"struct"' }));
    expect(trial.mutation(siteRecord({})).id).toBe('3');
  });
});
