import { describe, expect, test } from 'vitest';
import {
  agentRecord,
  fleetRecord,
  meshRecord,
  NOW,
  newTrial,
  POSTGRES,
  siteRecord,
} from './record-builder.ts';

const agent = (after: object) => newTrial().mutation(agentRecord(after)).columns;
const host = (after: object) =>
  newTrial().mutation(fleetRecord('hosts', { hostname: 'a', ...after })).columns;
const document = (id: string, fields: object) =>
  newTrial().mutation(meshRecord(id, JSON.stringify({ _id: id, ...fields }), 'c')).columns;
const node = (fields: object) => document('node//a', { type: 'node', name: 'PC', ...fields });
const account = (fields: object) => document('user//a', { type: 'user', name: 'ann', ...fields });

describe('a Tactical agent', () => {
  const windows = (bios: unknown) => ({
    plat: 'windows',
    wmi_detail: JSON.stringify({ os: [[{ a: '"bios": 1' }]], bios }),
  });

  test('has its serial number from the BIOS on Windows', () => {
    expect(agent(windows([[{ SerialNumber: 'S-1', Name: 'x' }]])).serial_number).toBe('S-1');
    expect(agent(windows([[]])).serial_number).toBe(null);
    expect(agent(windows(null)).serial_number).toBe(null);
    expect(
      agent({ plat: 'windows', wmi_detail: '{"x": "\\"bios\\": [[{\\"SerialNumber\\": 1}]]"}' })
        .serial_number,
    ).toBe(null);
  });

  test('and from its own inventory elsewhere', () => {
    expect(agent({ plat: 'darwin', wmi_detail: '{"serialnumber": "S-2"}' }).serial_number).toBe('S-2');
    expect(agent({ plat: 'linux', wmi_detail: '{"serialnumber": 7}' }).serial_number).toBe(null);
    expect(agent({ plat: 'linux', wmi_detail: null }).serial_number).toBe(null);
  });

  test('keeps its serial number when the inventory was not sent', () => {
    expect(agent({ plat: 'linux', wmi_detail: '__debezium_unavailable_value' })).not.toHaveProperty(
      'serial_number',
    );
  });

  test('has none, and is counted, when the inventory is no JSON', () => {
    const trial = newTrial();
    const record = agentRecord({ plat: 'linux', wmi_detail: '{"serialnumber": ' });
    expect(trial.mutation(record).columns.serial_number).toBe(null);
    expect(trial.guarded).toEqual(['tactical-rmm.agents_agent invalid_json_column']);
  });

  test('is known to MeshCentral by the same bytes in other letters', () => {
    expect(agent({ mesh_node_id: 'fbefbeffff' }).mesh_node_id).toBe('node//@@@@$$8=');
    expect(agent({ mesh_node_id: 'no hex' }).mesh_node_id).toBe(null);
    expect(agent({ mesh_node_id: '' }).mesh_node_id).toBe(null);
  });

  test('has the last user when the agent names no present one', () => {
    expect(agent({ logged_in_username: '', last_logged_in_user: 'bob' }).logged_in_user).toBe('bob');
    expect(agent({ logged_in_username: 'None', last_logged_in_user: 'bob' }).logged_in_user).toBe('None');
    expect(agent({ logged_in_username: 'ann', last_logged_in_user: 'bob' }).logged_in_user).toBe('ann');
    expect(agent({ logged_in_username: null, last_logged_in_user: 'bob' }).logged_in_user).toBe('bob');
  });
});

describe('a Tactical user', () => {
  const user = (after: object) =>
    newTrial().mutation(
      siteRecord(
        { after: { id: 3, username: 'ann', ...after }, source: { ...POSTGRES, table: 'accounts_user' } },
        { topic: 'tactical.public.accounts_user' },
      ),
    ).columns;

  test('is shown by whichever names there are', () => {
    expect(user({ first_name: 'Ann', last_name: 'Archer' }).display_name).toBe('Ann Archer');
    expect(user({ first_name: '', last_name: 'Archer' }).display_name).toBe('Archer');
    expect(user({ first_name: '', last_name: '' }).display_name).toBe('');
  });

  test('is an installer or a technician', () => {
    expect(user({ is_installer_user: true }).kind).toBe('installer');
    expect(user({ is_installer_user: false }).kind).toBe('technician');
    expect(user({})).not.toHaveProperty('kind');
  });

  test('was created when it joined, where nothing else says so', () => {
    const joined = user({ created_time: null, date_joined: '2026-01-01T00:00:00Z' });
    expect(joined.created_at).toBe(Date.UTC(2026, 0, 1));
  });
});

describe('a Fleet host', () => {
  test.each([
    ['windows', 'windows'],
    ['darwin', 'darwin'],
    ['rocky', 'linux'],
    ['ubuntu', 'linux'],
    ['ipados', 'ipados'],
    ['', ''],
  ])('on %j is of the family %j', (platform, family) => {
    expect(host({ platform }).platform).toBe(family);
  });

  test('that was never restarted has no time of it', () => {
    const trial = newTrial();
    for (const never of [978307200000000, 978307200000, '0001-01-01T00:00:00Z', '2000-01-01T00:00:00Z']) {
      expect(
        trial.mutation(fleetRecord('hosts', { hostname: 'a', last_restarted_at: never })).columns.last_boot,
      ).toBe(null);
    }
    expect(trial.guarded).toEqual([]);
  });

  test('2001 is a time like any other in another column', () => {
    expect(host({ last_enrolled_at: '2001-01-01T00:00:00Z' }).enrolled_at).toBe(Date.UTC(2001, 0, 1));
  });
});

describe('times that cannot be', () => {
  const seen = (time: string, timestamp = NOW) => {
    const trial = newTrial();
    const { columns } = trial.mutation(agentRecord({ last_seen: time }, { timestamp }));
    return { time: columns.last_seen, guarded: trial.guarded };
  };
  const refused = { time: null, guarded: ['tactical-rmm.agents_agent timestamp_out_of_range'] };

  test('are cleared and counted', () => {
    expect(seen('1989-12-31T23:59:59Z')).toEqual(refused);
    expect(seen('2026-09-04T12:00:00Z')).toEqual(refused);
    expect(seen('infinity')).toEqual(refused);
    expect(seen('12026-09-01T00:00:00Z')).toEqual(refused);
  });

  test('are told by the clock of the record, where it is ahead of this machine', () => {
    const ahead = NOW + 90 * 24 * 60 * 60 * 1000;
    expect(seen('2026-10-01T00:00:00Z', ahead)).toEqual({ time: Date.UTC(2026, 9, 1), guarded: [] });
  });
});

describe('a MeshCentral node', () => {
  test.each([
    ['Microsoft Windows 11 Pro - 23H2/22631', 'windows'],
    ['macOS 14.5', 'darwin'],
    ['Ubuntu 22.04.4 LTS', 'linux'],
    ['Debian GNU/Linux 12 (bookworm)', 'linux'],
    ['Haiku', null],
  ])('running %s is of the platform %s', (osdesc, platform) => {
    expect(node({ osdesc }).platform).toBe(platform);
  });

  test('has its version as text, of any type of number', () => {
    expect(node({ agent: { ver: 0 } }).agent_version).toBe('0');
    expect(node({ agent: { ver: { $numberLong: '9007199254740993' } } }).agent_version).toBe(
      '9007199254740993',
    );
    expect(node({ agent: null }).agent_version).toBe(null);
  });

  test('takes other fields where the first is missing', () => {
    expect(node({ rname: 'REAL' })).toMatchObject({ hostname: 'REAL', display_name: 'PC' });
    expect(node({})).toMatchObject({ hostname: 'PC', display_name: 'PC' });
    expect(node({ host: '192.0.2.1' }).public_ip).toBe('192.0.2.1');
    expect(node({ host: '192.0.2.1', publicip: '192.0.2.2' }).public_ip).toBe('192.0.2.2');
  });

  test('has times in every spelling of Extended JSON', () => {
    const expected = Date.parse('2026-09-02T10:20:30.123Z');
    for (const time of [
      1.788344430123e12,
      { $date: 1788344430123 },
      { $date: '2026-09-02T10:20:30.123Z' },
      { $date: { $numberLong: '1788344430123' } },
      { $numberDouble: '1788344430123.0' },
    ]) {
      expect(node({ lastbootuptime: time }).last_boot).toBe(expected);
    }
  });
});

describe('a MeshCentral account', () => {
  test('is an administrator with all rights, and active although they include the bit of a locked one', () => {
    expect(account({ siteadmin: 4.294967295e9 })).toMatchObject({ role: 'admin', active: true });
  });

  test('is locked by that bit otherwise', () => {
    expect(account({ siteadmin: 32 })).toMatchObject({ role: null, active: false });
    expect(account({ siteadmin: 0 })).toMatchObject({ role: null, active: true });
    expect(account({})).toMatchObject({ role: null, active: true });
  });
});
