import { describe, expect, it } from 'vitest';
import { captured as capturedRecords } from './captures.ts';
import { change } from './fleet-change.ts';
import { agentRecord, captured, MONGODB, meshRecord, NOW, newTrial, POSTGRES } from './record-builder.ts';

/**
 * Secrets of the sources leave the process nowhere (contract, G11): what a record becomes, and what is said of one that becomes
 * nothing, is all that the rest of the pipeline sees of it.
 */

/** Where the captured run keeps secrets, by table. */
const PLANTED: Readonly<Record<string, readonly string[]>> = {
  accounts_user: ['password', 'totp_key'],
  authentik_core_user: ['password'],
  authentik_core_session: ['session_key', 'session_data'],
  authentik_core_authenticatedsession: ['session_id'],
  users: ['password', 'salt'],
  hosts: ['node_key', 'orbit_node_key'],
  host_mdm: ['fleet_enroll_ref'],
  meshcentral: ['salt', 'hash', 'otpsecret', 'otpkeys', 'otphkeys'],
};

const CAPTURES = [
  'tactical-postgres-cdc',
  'fleetmdm-mysql-cdc',
  'meshcentral-mongodb-cdc',
  'meshcentral-mongodb-cdc/debezium-3.1.1',
  'meshcentral-mongodb-cdc/capture-mode-images',
  'meshcentral-mongodb-cdc/capture-mode-deltas',
  'authentik-postgres-cdc',
  'with-schema/tactical-postgres-cdc',
  'with-schema/fleetmdm-mysql-cdc',
  'with-schema/authentik-postgres-cdc',
  'with-schema/meshcentral-events.jsonl',
  'with-schema/meshcentral-meshcentral.jsonl',
  'extra/tactical-postgres-cdc',
  'extra/fleetmdm-mysql-cdc',
];

/** The values of a record's secret columns, in both of its images, however it is wrapped. */
function secretsOf(topic: string, value: string): string[] {
  const names = PLANTED[topic.split('.').at(-1) ?? ''] ?? [];
  const envelope = JSON.parse(value);
  const { before, after } = envelope.payload ?? envelope;
  return [before, after].flatMap((image) => {
    const row = typeof image === 'string' ? JSON.parse(image) : image;
    return names.map((name) => row?.[name]).filter((secret) => typeof secret === 'string' && secret !== '');
  });
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
}

describe('the secrets of the captured runs', () => {
  it('are in nothing that any of their records becomes', async () => {
    const secrets = new Set<string>();
    const results: string[] = [];
    for (const folder of CAPTURES) {
      const trial = newTrial();
      for (const record of await capturedRecords(folder)) {
        if (record.value !== null)
          for (const secret of secretsOf(record.topic, record.value)) secrets.add(secret);
        results.push(shown(trial.decode(record)));
      }
      results.push(shown([trial.guarded, trial.unmapped, trial.unmappedEvents]));
    }
    const all = results.join('\n');
    // Users of four tools, hosts' keys, sessions: the table above finds what it is meant to.
    expect(secrets.size).toBeGreaterThan(140);
    expect([...secrets].filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).not.toMatch(/pbkdf2_sha256\$|\$2[aby]\$/);
  });
});

const SECRET = 'hunter2-hunter2';
const HASH = `pbkdf2_sha256$600000$${SECRET}$${SECRET}=`;
const HIDDEN = {
  password: SECRET,
  nested: [{ api_key: SECRET, text: JSON.stringify({ totp_key: SECRET }) }],
  note: HASH,
};

function postgres(topic: string, after: object) {
  const source = { ...POSTGRES, name: topic.split('.')[0], table: topic.split('.').at(-1) };
  const value = { before: null, after, source, op: 'c', ts_ms: NOW };
  const key = JSON.stringify(Object.fromEntries(Object.entries(after).slice(0, 1)));
  return captured({ topic, key, value: JSON.stringify(value) });
}

const AUDIT = {
  id: 1,
  username: 'ann',
  entry_time: '2026-09-02T10:20:30Z',
  action: 'modify',
  message: `--password ${SECRET}`,
};
const EVENT = {
  event_uuid: 'a7d3897d',
  action: 'login',
  created: '2026-09-02T10:20:30Z',
  user: '{"pk":1,"username":"ann"}',
};
const HISTORY = { id: 1, time: '2026-09-02T10:20:30Z', username: 'ann', agent_id: 2, script_id: null };

const LEAKY = {
  'an audit entry’s values': postgres('tactical.public.logs_auditlog', {
    ...AUDIT,
    object_type: 'user',
    before_value: JSON.stringify(HIDDEN),
    after_value: JSON.stringify(HIDDEN),
    debug_info: JSON.stringify({ token: SECRET }),
  }),
  'an API key in an audit entry': postgres('tactical.public.logs_auditlog', {
    ...AUDIT,
    object_type: 'apikey',
    after_value: JSON.stringify({ name: 'x', key: SECRET }),
  }),
  'a command in an audit entry': postgres('tactical.public.logs_auditlog', {
    ...AUDIT,
    object_type: 'agent',
    after_value: JSON.stringify(`net user bob ${SECRET} /add`),
  }),
  'a command that was run': postgres('tactical.public.agents_agenthistory', {
    ...HISTORY,
    type: 'cmd_run',
    command: `mysql --password=${SECRET}`,
    results: `API_TOKEN=${SECRET}`,
  }),
  'a script’s output': postgres('tactical.public.agents_agenthistory', {
    ...HISTORY,
    type: 'script_run',
    script_results: JSON.stringify({ stdout: `password: ${SECRET}`, retcode: 1 }),
  }),
  'an event’s context': postgres('authentik.public.authentik_events_event', {
    ...EVENT,
    context: JSON.stringify({
      ...HIDDEN,
      http_request: { args: { query: `next=/&token=${SECRET}` }, path: `/x?secret=${SECRET}` },
    }),
  }),
  'an activity’s details': change(
    'activity_past',
    { id: 1 },
    {
      id: 1,
      created_at: '2026-09-02T10:20:30Z',
      activity_type: 'edited_enroll_secrets',
      details: JSON.stringify({ ...HIDDEN, enroll_secret: SECRET, team_name: `token=${SECRET}` }),
    },
  ),
  'a query’s result': change(
    'query_results',
    { id: 1 },
    {
      id: 1,
      query_id: 1,
      host_id: 1,
      last_fetched: '2026-09-02T10:20:30Z',
      data: JSON.stringify({ ...HIDDEN, key: 'API_TOKEN', value: SECRET }),
    },
  ),
  'a script’s run': change(
    'host_script_results',
    { id: 1 },
    {
      id: 1,
      host_id: 1,
      exit_code: 1,
      output: `Authorization: Bearer ${SECRET}`,
      created_at: '2026-09-02T10:20:30Z',
    },
  ),
  'a server’s event': captured({
    topic: 'meshcentral.meshcentral.events',
    key: '{"id":"{\\"$oid\\": \\"68baa1d8c2a4f0a1b2c3d4e5\\"}"}',
    value: JSON.stringify({
      before: null,
      after: JSON.stringify({
        action: 'x',
        msg: `password=${SECRET}`,
        account: { salt: SECRET, hash: SECRET },
        ...HIDDEN,
      }),
      source: { ...MONGODB, collection: 'events' },
      op: 'c',
      ts_ms: NOW,
    }),
  }),
};

describe('secrets in what is free-form', () => {
  it.each(Object.entries(LEAKY))('are taken out of %s', (_, record) => {
    const decoded = newTrial().decode(record);
    expect(decoded.kind).toBe('changes');
    expect(shown(decoded)).not.toContain(SECRET);
  });
});

describe('what is said of a record that is refused', () => {
  it.each([
    ['no JSON', captured({ value: `{"password": "${SECRET}" oops` })],
    ['no envelope', captured({ value: JSON.stringify({ password: SECRET }) })],
    ['an unknown operation', captured({ value: JSON.stringify({ op: SECRET, source: POSTGRES }) })],
    ['a column of another type', agentRecord({ hostname: { password: SECRET } })],
    ['a time that is none', agentRecord({ last_seen: SECRET })],
    ['a key that is none', agentRecord({}, { key: JSON.stringify({ token: SECRET }) })],
    ['a document that is no JSON', meshRecord('user//ann', `{"salt": "${SECRET}" oops`, 'c')],
    [
      'a user without a name',
      postgres('tactical.public.accounts_user', { id: 1, password: HASH, username: null }),
    ],
  ])('never quotes it: %s', (_, record) => {
    const decoded = newTrial().decode(record);
    expect(decoded.kind).toBe('reject');
    expect(shown(decoded)).not.toContain(SECRET);
  });
});
