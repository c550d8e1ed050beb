import { describe, expect, it } from 'vitest';
import { captured as capturedRecords } from './captures.ts';
import { captured, MONGODB, meshRecord, NOW, newTrial } from './record-builder.ts';

const GROUP = 'ugrp//Zx9';

function groupRecord(document: object, op = 'u') {
  return meshRecord(
    GROUP,
    JSON.stringify({ _id: GROUP, type: 'ugrp', name: 'Level 2', desc: 'd', ...document }),
    op,
  );
}

const OID = '68baa1d8c2a4f0a1b2c3d4e5';

/** A document of the `events` collection. */
function eventRecord(document: object | null, op = 'c') {
  const after =
    document && JSON.stringify({ _id: { $oid: OID }, time: { $date: NOW }, ids: ['*'], ...document });
  return captured({
    topic: 'meshcentral.meshcentral.events',
    key: JSON.stringify({ id: JSON.stringify({ $oid: OID }) }),
    value: JSON.stringify({
      before: null,
      after,
      source: { ...MONGODB, collection: 'events' },
      op,
      ts_ms: NOW,
    }),
  });
}

describe('groups of MeshCentral', () => {
  it('of users bring their members along, under unescaped names', () => {
    const links = {
      'user//ann': { userid: 'user//ann', name: 'ann', rights: 1 },
      'user//dev%2Eops%2C%24%25': { name: 'dev.ops', rights: 1 },
      'mesh//kT3': { rights: 4294967295 },
    };
    const decoded = newTrial().decode(groupRecord({ links }));
    expect(decoded).toMatchObject({
      changes: [
        {
          mutation: {
            entity: 'group',
            id: GROUP,
            columns: { name: 'Level 2', description: 'd', kind: 'user' },
          },
          owned: {
            entity: 'group_member',
            column: 'group_id',
            value: GROUP,
            rows: [
              {
                id: `${GROUP}:user//ann`,
                columns: { group_id: GROUP, member_id: 'user//ann', member_kind: 'user' },
              },
              { id: `${GROUP}:user//dev.ops,$%`, columns: { member_id: 'user//dev.ops,$%' } },
            ],
          },
        },
      ],
    });
  });

  it.each([
    ['none are linked', groupRecord({ links: {} })],
    ['there are no links', groupRecord({})],
    ['the group is deleted', meshRecord(GROUP, null, 'd')],
  ])('of users have no members left when %s', (_, record) => {
    expect(newTrial().decode(record)).toMatchObject({ changes: [{ owned: { value: GROUP, rows: [] } }] });
  });

  it('of devices are groups, too', () => {
    const document = {
      _id: 'mesh//kT3',
      type: 'mesh',
      name: 'Acme HQ',
      desc: '',
      creation: 1757062000123,
      links: {},
    };
    expect(newTrial().mutation(meshRecord('mesh//kT3', JSON.stringify(document), 'c'))).toMatchObject({
      entity: 'group',
      id: 'mesh//kT3',
      columns: { name: 'Acme HQ', description: '', kind: 'device', created_at: 1757062000123 },
    });
  });
});

describe('events of MeshCentral', () => {
  it('are told by the server’s own message', () => {
    const session = {
      etype: 'relay',
      action: 'relaylog',
      userid: 'user//ann',
      username: 'ann',
      msgid: 11,
      msgArgs: ['q1w2', '203.0.113.9', '198.51.100.4', 93],
      msg: 'Ended desktop session "q1w2"\nfrom 203.0.113.9',
      nodeid: 'node//Wd$7@pQ1',
      bytesin: { $numberLong: '9007199254740993' },
    };
    expect(newTrial().mutation(eventRecord(session))).toMatchObject({
      entity: 'event',
      id: `events:${OID}`,
      columns: {
        event_time: NOW,
        event_type: 'REMOTE_SESSION_END',
        severity: 'INFO',
        source_type: 'relay.relaylog',
        actor_id: 'user//ann',
        actor_name: 'ann',
        device_id: 'node//Wd$7@pQ1',
        summary: 'Ended desktop session "q1w2" from 203.0.113.9',
        details: '{"msgid":11,"msgArgs":["q1w2","203.0.113.9","198.51.100.4",93],"bytesin":9007199254740993}',
      },
    });
  });

  it.each([
    [{ action: 'authfail', msgid: 110 }, 'authfail', 'LOGIN_FAILED', 'WARNING'],
    [{ etype: 'relay', action: 'relaylog', msgid: 15 }, 'relay.relaylog', 'REMOTE_SESSION_START', 'INFO'],
    [{ etype: 'relay', action: 'relaylog' }, 'relay.relaylog', 'REMOTE_SESSION_EVENT', 'INFO'],
    [
      { etype: 'server', action: 'servertimelinestats' },
      'server.servertimelinestats',
      'SYSTEM_MONITORING',
      'INFO',
    ],
    [{ action: 'servertimelinestats' }, 'servertimelinestats', 'SYSTEM_MONITORING', 'INFO'],
    [{ etype: 'server', action: 'stopped' }, 'server.stopped', 'SYSTEM_SHUTDOWN', 'WARNING'],
  ])('%j is known', (document, source_type, event_type, severity) => {
    const trial = newTrial();
    expect(trial.mutation(eventRecord(document)).columns).toMatchObject({
      source_type,
      event_type,
      severity,
      // Without a message the name has to do.
      summary: source_type,
    });
    expect(trial.unmappedEvents).toEqual([]);
  });

  it('that nobody knows are counted by their name, once', () => {
    const trial = newTrial();
    expect(
      trial.mutation(eventRecord({ etype: 'plugin', action: 'thing', msg: { odd: true } })).columns,
    ).toMatchObject({
      event_type: 'UNKNOWN',
      summary: 'plugin.thing',
    });
    expect(trial.unmappedEvents).toEqual(['meshcentral plugin.thing']);
  });

  it('lose what is secret in them', () => {
    const document = {
      etype: 'user',
      action: 'accountchange',
      msg: 'Ran "net user bob hunter2 /add"',
      account: {
        name: 'ann',
        salt: 'hunter2',
        hash: 'hunter2',
        otpsecret: 'hunter2',
        otpekey: { k: 'hunter2' },
      },
      msgArgs: ['--token hunter2'],
    };
    const { columns } = newTrial().mutation(eventRecord(document));
    expect(JSON.stringify(columns)).not.toContain('hunter2');
    expect(columns.details).toBe('{"account":{"name":"ann"},"msgArgs":["--token [removed]"]}');
  });

  it('stay when their time at the source is over', () => {
    expect(newTrial().decode(eventRecord(null, 'd'))).toEqual({ kind: 'skip', reason: 'history' });
  });

  it('are nothing without an action', () => {
    const trial = newTrial();
    expect(trial.decode(eventRecord({ msg: 'x' }))).toEqual({ kind: 'skip', reason: 'nothing_happened' });
    expect(trial.guarded).toEqual(['meshcentral.events missing_column']);
  });
});

describe('the captured run of MeshCentral', () => {
  it.each([
    'meshcentral-mongodb-cdc',
    'meshcentral-mongodb-cdc/debezium-3.1.1',
    'meshcentral-mongodb-cdc/capture-mode-images',
  ])('in %s is read without a rejected record, and every event says something', async (folder) => {
    const trial = newTrial();
    for (const record of await capturedRecords(folder)) {
      const decoded = trial.decode(record);
      expect(decoded.kind, JSON.stringify(decoded)).not.toBe('reject');
      if (decoded.kind !== 'changes') continue;
      for (const { mutation } of decoded.changes.filter(({ mutation }) => mutation.entity === 'event')) {
        expect(mutation.columns.summary).toMatch(/^\S[^\r\n]*$/);
        expect(mutation.columns.event_type).not.toBe('UNKNOWN');
      }
    }
    expect(trial.unmappedEvents).toEqual([]);
  });
});
