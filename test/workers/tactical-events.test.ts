import { describe, expect, test } from 'vitest';
import type { Columns } from '../../src/shared/entity.ts';
import { captured as capture } from './captures.ts';
import { NOW, newTrial, tacticalRecord } from './record-builder.ts';

const UNAVAILABLE = '__debezium_unavailable_value';

/** The only event of a record, as `<id>` and columns. */
function eventOf(table: string, envelope: object): { readonly id: string; readonly columns: Columns } {
  const decoded = newTrial().decode(tacticalRecord(table, envelope));
  if (decoded.kind !== 'changes') throw new Error(`not decoded: ${JSON.stringify(decoded)}`);
  const events = decoded.changes.filter(({ mutation }) => mutation.entity === 'event');
  const [event] = events;
  if (event === undefined || events.length > 1) throw new Error(`${events.length} events`);
  return event.mutation;
}

describe('an alert', () => {
  const ALERT = {
    id: 3,
    alert_type: 'check',
    severity: 'error',
    message: 'C: is full',
    resolved: false,
    agent_id: 7,
  };
  const ids = (envelope: object): string[] => {
    const decoded = newTrial().decode(tacticalRecord('alerts_alert', envelope));
    if (decoded.kind !== 'changes') return [];
    return decoded.changes.map(({ mutation }) => mutation.id).filter((id) => id !== '3');
  };

  test('was triggered when it is created, at the time of that change', () => {
    expect(eventOf('alerts_alert', { op: 'c', after: ALERT })).toMatchObject({
      id: 'alerts_alert:3:triggered',
      columns: {
        event_time: NOW,
        source_type: 'alert.triggered',
        event_type: 'ALERT_TRIGGERED',
        severity: 'INFO',
        device_id: '7',
        summary: 'C: is full',
      },
    });
  });

  test('was resolved when that turns true', () => {
    expect(eventOf('alerts_alert', { op: 'u', after: { ...ALERT, resolved: true } })).toMatchObject({
      id: 'alerts_alert:3:resolved',
      columns: { event_type: 'ALERT_RESOLVED', summary: 'Resolved: C: is full' },
    });
  });

  test('tells nothing while it is open, or when it was only read', () => {
    expect(ids({ op: 'u', after: ALERT })).toEqual([]);
    expect(ids({ op: 'r', after: { ...ALERT, resolved: true } })).toEqual([]);
  });

  test('made already resolved was both', () => {
    expect(ids({ op: 'c', after: { ...ALERT, resolved: true } })).toEqual([
      'alerts_alert:3:triggered',
      'alerts_alert:3:resolved',
    ]);
  });

  test('is not resolved again by the mail that says so', () => {
    const mailed = { ...ALERT, resolved: true, resolved_email_sent: '2026-09-01T00:00:00Z' };
    expect(ids({ op: 'u', after: mailed })).toEqual([]);
  });

  test('nor when the row before the change says that it was', () => {
    const after = { ...ALERT, resolved: true };
    expect(ids({ op: 'u', before: { ...ALERT, resolved: true }, after })).toEqual([]);
    expect(ids({ op: 'u', before: ALERT, after })).toEqual(['alerts_alert:3:resolved']);
  });
});

describe('an audit row', () => {
  const AUDIT = {
    id: 3,
    username: 'ann',
    entry_time: '2026-09-01T10:00:00Z',
    object_type: 'agent',
    action: 'modify',
    agent_id: 'uIJGTbDj',
    message: 'ann modified\r\nagent PC-1',
    before_value: '{"a": 1, "password": "hunter2hunter2"}',
    after_value: null,
    debug_info: '{"ip": "198.51.100.7"}',
  };
  const audit = (after: object) => eventOf('logs_auditlog', { after: { ...AUDIT, ...after } }).columns;

  test('is an event with its device by key, who did it, and one line about it', () => {
    expect(audit({})).toMatchObject({
      event_time: Date.UTC(2026, 8, 1, 10),
      source_type: 'agent.modify',
      event_type: 'DEVICE_UPDATED',
      severity: 'INFO',
      actor_name: 'ann',
      device_key: 'uIJGTbDj',
      summary: 'ann modified agent PC-1',
    });
  });

  test('about the server itself has no device', () => {
    expect(audit({ agent_id: 'N/A' }).device_key).toBe(null);
    expect(audit({ agent_id: '' }).device_key).toBe(null);
  });

  test('keeps its values as JSON, without what is secret in them', () => {
    const details: unknown = JSON.parse(String(audit({}).details));
    expect(details).toEqual({ before_value: { a: 1 }, debug_info: { ip: '198.51.100.7' } });
    expect(JSON.parse(String(audit({ after_value: '"whoami"' }).details))).toMatchObject({
      after_value: 'whoami',
    });
    expect(audit({ before_value: null, debug_info: null }).details).toBe(null);
  });

  test('leaves its details as they were when a value was not sent', () => {
    const columns = audit({ before_value: UNAVAILABLE });
    expect(columns).not.toHaveProperty('details');
    expect(columns.summary).toBe('ann modified agent PC-1');
  });

  test('of an unknown kind is UNKNOWN, and counted by its name', () => {
    const trial = newTrial();
    const after = { ...AUDIT, object_type: 'toaster', action: 'burn' };
    expect(trial.mutation(tacticalRecord('logs_auditlog', { after })).columns).toMatchObject({
      event_type: 'UNKNOWN',
      severity: 'WARNING',
      source_type: 'toaster.burn',
    });
    expect(trial.unmappedEvents).toEqual(['tactical-rmm toaster.burn']);
  });

  test('with more details than an event keeps is cut visibly, and counted', () => {
    const trial = newTrial();
    const after = { ...AUDIT, before_value: JSON.stringify({ a: 'ü'.repeat(20_000) }) };
    const details = String(trial.mutation(tacticalRecord('logs_auditlog', { after })).columns.details);
    expect(details).toMatch(/\[cut\]/);
    expect(Buffer.byteLength(details)).toBeLessThanOrEqual(32 * 1024);
    expect(trial.guarded).toEqual(['tactical-rmm.logs_auditlog text_too_long']);
  });
});

describe('a run in the history of an agent', () => {
  const RUN = { id: 3, time: '2026-09-01T10:00:00Z', username: 'ann', agent_id: 7 };
  const run = (after: object) => eventOf('agents_agenthistory', { after: { ...RUN, ...after } });
  const script = (results: object | null) => ({
    type: 'script_run',
    script_id: 4,
    script_results: results && JSON.stringify(results),
  });

  test('of a script is an event once its return code is there', () => {
    expect(
      newTrial().decode(tacticalRecord('agents_agenthistory', { after: { ...RUN, ...script(null) } })),
    ).toEqual({
      kind: 'skip',
      reason: 'nothing_happened',
    });
    expect(run(script({ retcode: 0, stdout: 'done' }))).toMatchObject({
      id: 'agents_agenthistory:3',
      columns: {
        source_type: 'script_run',
        event_type: 'SCRIPT_EXECUTED',
        severity: 'INFO',
        device_id: '7',
        summary: 'ann ran script 4, return code 0',
      },
    });
    expect(run(script({ retcode: 98 })).columns).toMatchObject({
      event_type: 'SCRIPT_FAILED',
      severity: 'ERROR',
    });
  });

  test('of a script is left as it was when its result was not sent again', () => {
    const { columns } = run({ type: 'script_run', script_id: 4, script_results: UNAVAILABLE });
    expect(columns).toEqual({ event_time: Date.UTC(2026, 8, 1, 10), actor_name: 'ann', device_id: '7' });
  });

  test('of a command shows the command without its secrets', () => {
    const { columns } = run({ type: 'cmd_run', command: 'net use --password hunter2hunter2', results: 'ok' });
    expect(columns).toMatchObject({ event_type: 'COMMAND_RUN_FINISHED' });
    expect(columns.summary).toMatch(/^ann ran net use/);
    expect(JSON.stringify(columns)).not.toContain('hunter2');
  });

  test('of a task is told when it starts', () => {
    expect(run({ type: 'task_run', command: null }).columns).toMatchObject({
      event_type: 'TASK_EXECUTED',
      details: null,
    });
  });

  test('whose result is no JSON is kept without it, and counted', () => {
    const trial = newTrial();
    const after = { ...RUN, type: 'script_run', script_results: '{"retcode": 1' };
    const { columns } = trial.mutation(tacticalRecord('agents_agenthistory', { after }));
    expect(columns.details).toBe(null);
    expect(trial.guarded).toContain('tactical-rmm.agents_agenthistory invalid_json_column');
  });
});

test('every captured event has its time, its type and one readable line, but for values that were not sent', async () => {
  const trial = newTrial();
  let events = 0;
  for (const folder of ['tactical-postgres-cdc', 'authentik-postgres-cdc']) {
    for (const record of await capture(folder)) {
      const decoded = trial.decode(record);
      if (decoded.kind !== 'changes' || record.value?.includes(UNAVAILABLE) === true) continue;
      for (const { mutation } of decoded.changes) {
        if (mutation.entity !== 'event') continue;
        events += 1;
        const { event_time, event_type, severity, source_type, summary } = mutation.columns;
        expect(event_time).toBeTypeOf('number');
        expect([event_type, severity, source_type].every((value) => typeof value === 'string')).toBe(true);
        expect(summary).toMatch(/^[^\r\n]{1,1024}$/);
      }
    }
  }
  expect(events).toBeGreaterThan(100);
  expect(trial.guarded).toEqual([]);
});
