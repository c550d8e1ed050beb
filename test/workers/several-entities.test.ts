import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/shared/mutation.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured as capture } from './captures.ts';
import { fleetRecord, meshRecord, newTrial, POSTGRES, siteRecord, tacticalRecord } from './record-builder.ts';

const UNAVAILABLE = '__debezium_unavailable_value';
const ALERT = {
  id: 3,
  alert_type: 'check',
  severity: 'error',
  message: 'full',
  resolved: false,
  agent_id: 7,
};

function changesOf(record: CapturedRecord): readonly Change[] {
  const decoded = newTrial().decode(record);
  if (decoded.kind !== 'changes') throw new Error(`not decoded: ${JSON.stringify(decoded)}`);
  return decoded.changes;
}

const ids = (record: CapturedRecord): string[] =>
  changesOf(record).map(({ mutation }) => `${mutation.entity} ${mutation.id}`);

describe('a table that feeds several entities', () => {
  test('makes a change of each, all of one version and time', () => {
    const [alert, event, ...others] = changesOf(tacticalRecord('alerts_alert', { op: 'c', after: ALERT }));
    expect(others).toEqual([]);
    expect(alert?.mutation).toMatchObject({ entity: 'alert', id: '3', columns: { message: 'full' } });
    expect(event?.mutation).toMatchObject({ entity: 'event', id: 'alerts_alert:3:triggered' });
    expect(event?.mutation.version).toBe(alert?.mutation.version);
    expect(event?.mutation.sourceTs).toBe(alert?.mutation.sourceTs);
  });

  test('deletes the state and leaves the history', () => {
    expect(ids(tacticalRecord('alerts_alert', { op: 'd', after: null }))).toEqual(['alert 3']);
  });

  test('moves the state under its new key, and nothing happened', () => {
    const headers: [string, string][] = [['__debezium.oldkey', '{"id":3}']];
    const after = { ...ALERT, id: 9, message: UNAVAILABLE };
    const moved = tacticalRecord('alerts_alert', { op: 'c', after }, { key: '{"id":9}', headers });
    const [change, ...others] = changesOf(moved);
    expect(others).toEqual([]);
    expect(change?.mutation).toMatchObject({ id: '9', carry: { fromId: '3', columns: ['message'] } });
  });

  test('is refused as a whole when one of them must not be', () => {
    const record = tacticalRecord('alerts_alert', { op: 'c', after: { ...ALERT, alert_type: null } });
    expect(newTrial().decode(record)).toMatchObject({ kind: 'reject', code: 'missing_column' });
  });
});

describe('history', () => {
  test('is not deleted when the source forgets it', () => {
    for (const table of ['logs_auditlog', 'agents_agenthistory']) {
      expect(newTrial().decode(tacticalRecord(table, { op: 'd', after: null }))).toEqual({
        kind: 'skip',
        reason: 'history',
      });
    }
  });

  test('nor in any captured record', async () => {
    const trial = newTrial();
    for (const folder of ['tactical-postgres-cdc', 'authentik-postgres-cdc']) {
      for (const record of await capture(folder)) {
        const decoded = trial.decode(record);
        const changes = decoded.kind === 'changes' ? decoded.changes : [];
        for (const { mutation } of changes)
          if (mutation.entity === 'event') expect(mutation.deleted).toBe(false);
      }
    }
  });

  test('has nothing to carry from a key that a row had before', () => {
    const headers: [string, string][] = [['__debezium.oldkey', '{"id":3}']];
    const after = { id: 9, entry_time: '2026-09-01T00:00:00Z', object_type: 'user', action: 'login' };
    const record = tacticalRecord(
      'logs_auditlog',
      { op: 'c', after: { ...after, after_value: UNAVAILABLE } },
      { key: '{"id":9}', headers },
    );
    const mutation = newTrial().mutation(record);
    expect(mutation.id).toBe('logs_auditlog:9');
    expect(mutation).not.toHaveProperty('carry');
    expect(mutation.columns).not.toHaveProperty('details');
  });
});

describe('a truncate', () => {
  const truncate = (table: string) =>
    newTrial().decode(tacticalRecord(table, { op: 't', after: null }, { key: null }));

  test('names what its table feeds, and the version behind which all of it is gone', () => {
    const decoded = truncate('agents_agent');
    expect(decoded).toMatchObject({ kind: 'truncate', version: '0000-00000000016e9058-1' });
    if (decoded.kind === 'truncate') expect(decoded.types.map(({ entity }) => entity)).toEqual(['device']);
  });

  test('does not reach history', () => {
    const decoded = truncate('alerts_alert');
    expect(decoded.kind === 'truncate' && decoded.types.map(({ entity }) => entity)).toEqual(['alert']);
    expect(truncate('logs_auditlog')).toEqual({ kind: 'skip', reason: 'history' });
  });

  test('of a facet is of that facet', () => {
    const record = fleetRecord('host_mdm', {}, { key: null });
    const value = record.value?.replace('"op":"u"', '"op":"t"') ?? null;
    const decoded = newTrial().decode({ ...record, value });
    expect(decoded).toMatchObject({ kind: 'truncate', types: [{ entity: 'device', facet: 'host_mdm' }] });
  });

  test('without a position is refused', () => {
    const source = { ...POSTGRES, table: 'agents_agent', lsn: null, sequence: null };
    expect(newTrial().decode(siteRecord({ op: 't', source, after: null }, { key: null }))).toMatchObject({
      kind: 'reject',
      code: 'missing_version',
    });
  });
});

describe('rows that exist only inside of another', () => {
  const ownedOf = (record: CapturedRecord) => {
    const [change, ...others] = changesOf(record);
    expect(others).toEqual([]);
    const { rows, ...owner } = change?.owned ?? { rows: [] };
    return { owner, rows: rows.map(({ id, columns }) => ({ id, columns })) };
  };
  const owner = { entity: 'group_member', column: 'group_id', value: 'ugrp//g' };
  const group = (links: object) => JSON.stringify({ _id: 'ugrp//g', type: 'ugrp', name: 'G', links });

  test('come with it, and with its version', () => {
    const record = meshRecord(
      'ugrp//g',
      group({ 'user//ann': { rights: 1 }, 'mesh//m': { rights: 1 } }),
      'c',
    );
    expect(ownedOf(record)).toEqual({
      owner,
      rows: [
        {
          id: 'ugrp//g:user//ann',
          columns: { group_id: 'ugrp//g', member_id: 'user//ann', member_kind: 'user' },
        },
      ],
    });
    const [change] = changesOf(record);
    const { version, sourceTs } = change?.mutation ?? {};
    expect(change?.owned?.rows[0]).toMatchObject({
      entity: 'group_member',
      version,
      sourceTs,
      deleted: false,
    });
  });

  test('are none when it holds none any more, and when it is deleted', () => {
    expect(ownedOf(meshRecord('ugrp//g', group({}), 'u'))).toEqual({ owner, rows: [] });
    expect(ownedOf(meshRecord('ugrp//g', null, 'd'))).toEqual({ owner, rows: [] });
  });
});

describe('what is made of a change and not of its row', () => {
  const turn = (before: number | null, after: number | null, op = 'u') => {
    const key = { policy_id: 2, host_id: 7 };
    const record = fleetRecord('policy_membership', { ...key, passes: after }, { key: JSON.stringify(key) });
    const value: object = JSON.parse(record.value ?? '');
    const image = before === null ? null : { ...key, passes: before };
    return ids({ ...record, value: JSON.stringify({ ...value, before: image, op }) });
  };
  const event = 'event policy_membership:2:7:mysql-bin.000003:4012:2';

  test('is told by the row before, and named by its place in the source', () => {
    expect(turn(1, 0)).toEqual(['policy_result 2:7', event]);
    expect(turn(0, 1)).toEqual(['policy_result 2:7', event]);
    expect(turn(null, 1, 'c')).toEqual(['policy_result 2:7', event]);
  });

  test('is nothing when that has not changed, or was only read', () => {
    expect(turn(1, 1)).toEqual(['policy_result 2:7']);
    expect(turn(1, null)).toEqual(['policy_result 2:7']);
    expect(turn(null, 0, 'r')).toEqual(['policy_result 2:7']);
  });
});

test('a table of an earlier version of the tool makes the same rows', () => {
  const row = { id: 3, user_id: 7, group_id: 'f6486708-5141-4c9c-8825-530ecf0cb26e' };
  const member = (table: string) =>
    newTrial().mutation(
      siteRecord(
        { after: row, source: { ...POSTGRES, name: 'authentik', table } },
        { topic: `authentik.public.${table}` },
      ),
    );
  expect(member('authentik_core_user_ak_groups')).toEqual(member('authentik_core_user_groups'));
});

test('a document that its look-up did not find any more changes nothing', () => {
  expect(newTrial().decode(meshRecord('node//a', null, 'u'))).toEqual({
    kind: 'skip',
    reason: 'gone_at_lookup',
  });
});
