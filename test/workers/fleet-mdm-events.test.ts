import { describe, expect, it } from 'vitest';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured as capturedRecords } from './captures.ts';
import { change } from './fleet-change.ts';
import { NOW, newTrial } from './record-builder.ts';

const TIMES = { created_at: '2026-09-01T00:00:00Z', updated_at: '2026-09-02T10:20:30Z' };
const KEY = { policy_id: 5, host_id: 12 };
const answer = (passes: number | boolean | null) => ({
  ...KEY,
  passes,
  ...TIMES,
  automation_iteration: null,
});

/** What a change of an answer says happened. */
function policyEvents(record: CapturedRecord) {
  const decoded = newTrial().decode(record);
  if (decoded.kind !== 'changes') throw new Error(JSON.stringify(decoded));
  return decoded.changes.map(({ mutation }) => mutation).filter(({ entity }) => entity === 'event');
}

describe('a policy’s answer', () => {
  it('is kept as it is, and is an event when it turns', () => {
    const record = change('policy_membership', KEY, answer(0), { op: 'u', before: answer(1) });
    const decoded = newTrial().decode(record);
    expect(decoded).toMatchObject({
      changes: [
        {
          mutation: {
            entity: 'policy_result',
            id: '5:12',
            columns: { policy_id: '5', device_id: '12', passes: false },
          },
        },
        {
          mutation: {
            entity: 'event',
            columns: {
              event_time: NOW,
              event_type: 'POLICY_VIOLATION',
              severity: 'WARNING',
              source_type: 'policy_membership_fail',
              device_id: '12',
              summary: 'Policy 5 fails on host 12',
            },
          },
        },
      ],
    });
    expect(policyEvents(record)[0]?.id).toMatch(/^policy_membership:5:12:\S*4012\S*2$/);
  });

  it.each([
    ['turns from 0 to 1', { op: 'u', before: answer(0) }, answer(1), 'POLICY_APPLIED'],
    ['is the first one, and good', { op: 'u', before: answer(null) }, answer(1), 'POLICY_APPLIED'],
    ['is the first one, and bad', { op: 'u', before: answer(null) }, answer(0), 'POLICY_VIOLATION'],
    ['comes with its row', { op: 'c' }, answer(0), 'POLICY_VIOLATION'],
    ['is true instead of 1', { op: 'u', before: answer(0) }, answer(true), 'POLICY_APPLIED'],
  ] as const)('is an event when it %s', (_, options, after, expected) => {
    expect(
      policyEvents(change('policy_membership', KEY, after, options)).map(({ columns }) => columns.event_type),
    ).toEqual([expected]);
  });

  it.each([
    ['is told again', { op: 'u', before: answer(0) }, answer(0)],
    ['was true and is 1', { op: 'u', before: answer(true) }, answer(1)],
    ['becomes none', { op: 'u', before: answer(0) }, answer(null)],
    ['comes from a snapshot', { op: 'r' }, answer(0)],
    [
      'moves to another key',
      { op: 'c', headers: [['__debezium.oldkey', '{"policy_id":5,"host_id":11}']] },
      answer(0),
    ],
  ] as const)('is no event when it %s', (_, options, after) => {
    const { headers = [], ...rest } = { headers: undefined, ...options };
    const moved = headers.map(([name, value]): [string, string] => [name, value]);
    expect(policyEvents(change('policy_membership', KEY, after, { ...rest, headers: moved }))).toEqual([]);
  });

  it('goes with its row, and what happened stays', () => {
    const decoded = newTrial().decode(change('policy_membership', KEY, null, { op: 'd', before: answer(0) }));
    expect(decoded).toMatchObject({ changes: [{ mutation: { entity: 'policy_result', deleted: true } }] });
    expect(decoded).toHaveProperty('changes.length', 1);
  });
});

const ACTIVITY = {
  id: 881,
  created_at: '2026-09-02T10:20:30.123456Z',
  user_id: 4,
  user_name: 'Ann',
  activity_type: 'ran_script',
  details:
    '{"async": false, "host_id": 12, "host_display_name": "PC-1", "script_name": "set-tz.sh", "token": "x"}',
  streamed: 0,
  user_email: 'ann@acme.test',
};

describe('an activity', () => {
  it.each(['activity_past', 'activities'])('of %s is an event of one id', (table) => {
    expect(newTrial().mutation(change(table, { id: 881 }, ACTIVITY))).toMatchObject({
      entity: 'event',
      id: 'activity_past:881',
      columns: {
        event_time: Date.parse('2026-09-02T10:20:30.123Z'),
        event_type: 'SCRIPT_EXECUTED',
        severity: 'INFO',
        source_type: 'ran_script',
        actor_id: '4',
        actor_name: 'Ann',
        summary: 'Ann: ran script (PC-1, set-tz.sh)',
        details: '{"async":false,"host_id":12,"host_display_name":"PC-1","script_name":"set-tz.sh"}',
      },
    });
  });

  it('says the same when it is streamed to a log later', () => {
    const { mutation } = newTrial();
    const streamed = change(
      'activity_past',
      { id: 881 },
      { ...ACTIVITY, streamed: 1 },
      { op: 'u', before: ACTIVITY },
    );
    expect(mutation(streamed).columns).toEqual(
      mutation(change('activity_past', { id: 881 }, ACTIVITY)).columns,
    );
  });

  it('without a user or details is still told in one line', () => {
    const bare = {
      ...ACTIVITY,
      user_id: null,
      user_name: null,
      details: null,
      activity_type: 'enabled_windows_mdm',
    };
    expect(newTrial().mutation(change('activity_past', { id: 881 }, bare)).columns).toMatchObject({
      actor_id: null,
      actor_name: null,
      event_type: 'MDM_ENABLED',
      summary: 'enabled windows mdm',
      details: null,
    });
  });

  it('that nobody knows is UNKNOWN, and counted by its name', () => {
    const trial = newTrial();
    const unknown = { ...ACTIVITY, activity_type: 'brand_new_activity_2027' };
    expect(trial.mutation(change('activity_past', { id: 881 }, unknown)).columns).toMatchObject({
      event_type: 'UNKNOWN',
      severity: 'WARNING',
      source_type: 'brand_new_activity_2027',
    });
    expect(trial.unmappedEvents).toEqual(['fleet-mdm brand_new_activity_2027']);
  });

  it('stays when Fleet forgets it', () => {
    expect(
      newTrial().decode(change('activity_past', { id: 881 }, null, { op: 'd', before: ACTIVITY })),
    ).toEqual({
      kind: 'skip',
      reason: 'history',
    });
  });

  it.each(['activity_host_past', 'host_activities'])('has its devices in %s', (table) => {
    const link = { host_id: 12, activity_id: 881 };
    expect(newTrial().mutation(change(table, link, link))).toMatchObject({
      entity: 'event_device',
      id: '12:881',
      columns: { event_id: 'activity_past:881', device_id: '12' },
    });
  });
});

const RUN = {
  id: 7,
  host_id: 12,
  execution_id: 'dde1ba95',
  output: '',
  runtime: 0,
  exit_code: null,
  script_id: 1,
  user_id: 2,
  canceled: 0,
  ...TIMES,
};

describe('a script’s run', () => {
  it('has not happened before it ended', () => {
    expect(newTrial().decode(change('host_script_results', { id: 7 }, RUN))).toEqual({
      kind: 'skip',
      reason: 'nothing_happened',
    });
  });

  it.each([
    [0, 'SCRIPT_EXECUTED', 'INFO'],
    [1, 'SCRIPT_FAILED', 'ERROR'],
    [-1, 'SCRIPT_FAILED', 'ERROR'],
  ])('that ended with %i is %s', (code, type, severity) => {
    const ended = { ...RUN, exit_code: code, runtime: 3, output: 'login --password hunter2\n' };
    const { id, columns } = newTrial().mutation(
      change('host_script_results', { id: 7 }, ended, { op: 'u', before: RUN }),
    );
    expect(id).toBe('host_script_results:7');
    expect(columns).toMatchObject({
      event_type: type,
      severity,
      actor_id: '2',
      device_id: '12',
      summary: `Script 1 ended with exit code ${code} on host 12`,
    });
    // The user's name is another table's.
    expect(columns).not.toHaveProperty('actor_name');
    expect(JSON.parse(String(columns.details))).toMatchObject({
      exit_code: code,
      runtime: 3,
      output: 'login --password [removed]\n',
    });
  });

  it('keeps the beginning of a long output', () => {
    const ended = { ...RUN, exit_code: 0, output: 'ü'.repeat(50_000) };
    const details = String(
      newTrial().mutation(change('host_script_results', { id: 7 }, ended)).columns.details,
    );
    expect(JSON.parse(details).output).toMatch(/^ü+… \[cut\]$/);
    expect(Buffer.byteLength(details)).toBeLessThan(5000);
  });
});

describe('the captured run of Fleet', () => {
  it('is read without a rejected record, and every event says something', async () => {
    const trial = newTrial();
    let events = 0;
    for (const record of await capturedRecords('fleetmdm-mysql-cdc')) {
      const decoded = trial.decode(record);
      expect(decoded.kind, JSON.stringify(decoded)).not.toBe('reject');
      if (decoded.kind !== 'changes') continue;
      for (const { mutation } of decoded.changes.filter(({ mutation }) => mutation.entity === 'event')) {
        events++;
        expect(mutation.columns.summary).toMatch(/^\S[^\r\n]*$/);
        expect(mutation.columns.event_time).toBeGreaterThan(0);
      }
    }
    expect(events).toBeGreaterThan(40);
    expect(trial.unmappedEvents).toEqual(['fleet-mdm deleted_label', 'fleet-mdm brand_new_activity_2027']);
  });
});
