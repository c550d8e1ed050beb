import { describe, expect, test } from 'vitest';
import { newTrial, tacticalRecord } from './record-builder.ts';

const columns = (table: string, after: object) =>
  newTrial().mutation(tacticalRecord(table, { after: { id: 3, ...after } })).columns;

const TIMES = { created_time: '2026-09-01T10:00:00Z', modified_time: '2026-09-01T11:00:00Z' };
const created_at = Date.UTC(2026, 8, 1, 10);
const updated_at = Date.UTC(2026, 8, 1, 11);

test('a script is kept without what it does', () => {
  const script = {
    name: 'Clean',
    description: null,
    shell: 'powershell',
    script_type: 'userdefined',
    category: 'Maintenance',
    code_base64: 'c2VjcmV0',
    script_body: 'Remove-Item secret',
    args: ['--token=secret'],
    env_vars: ['TOKEN=secret'],
    script_hash: 'd2a7',
    default_timeout: 90,
    supported_platforms: ['windows', 'linux'],
    ...TIMES,
  };
  expect(columns('scripts_script', script)).toEqual({
    name: 'Clean',
    description: null,
    shell: 'powershell',
    category: 'Maintenance',
    platforms: ['linux', 'windows'],
    kind: 'userdefined',
    hash: 'd2a7',
    timeout_seconds: 90,
    created_at,
    updated_at,
  });
});

test('a policy', () => {
  expect(columns('automation_policy', { name: 'Base', desc: 'AV', active: true, ...TIMES })).toEqual({
    name: 'Base',
    description: 'AV',
    enabled: true,
    created_at,
    updated_at,
  });
});

test('a check of a policy, and one of a device', () => {
  const check = { check_type: 'ping', alert_severity: 'warning', run_interval: 0, name: null };
  expect(columns('checks_check', { ...check, policy_id: 2, agent_id: null })).toEqual({
    name: null,
    kind: 'ping',
    device_id: null,
    policy_id: '2',
    severity: 'warning',
    interval_seconds: 0,
  });
  expect(columns('checks_check', { ...check, policy_id: null, agent_id: 7 }).device_id).toBe('7');
});

describe('the result of a check', () => {
  const RESULT = { assigned_check_id: 1, agent_id: 7, status: 'failing', retcode: 1, fail_count: 3 };
  const result = (after: object) => columns('checks_checkresult', { ...RESULT, ...after });

  test('names its check and device', () => {
    expect(result({ alert_severity: 'error', last_run: '2026-09-01T10:00:00Z' })).toEqual({
      check_id: '1',
      device_id: '7',
      status: 'failing',
      severity: 'error',
      fail_count: 3,
      last_run: created_at,
      return_code: 1,
    });
  });

  test('shows what was printed, else what the tool has to say', () => {
    expect(result({ stdout: 'C: 9%', more_info: 'x' }).output).toBe('C: 9%');
    expect(result({ stdout: '', more_info: '9% free' }).output).toBe('9% free');
    expect(result({ stdout: null, more_info: null }).output).toBe(null);
  });

  test.each([
    ['0.4330', 0.433],
    ['1.5e-05', 0.000015],
    ['', null],
    ['N/A', null],
    ['NaN', null],
    ['0x10', null],
    [null, null],
  ])('that took %j took %j seconds', (execution_time, seconds) => {
    expect(result({ execution_time }).execution_seconds).toBe(seconds);
  });

  test('holds return codes beyond 2^53 exactly', () => {
    const record = tacticalRecord('checks_checkresult', { after: { id: 3, ...RESULT } });
    const value = record.value?.replace('"retcode":1', '"retcode":9007199254740993') ?? null;
    expect(newTrial().mutation({ ...record, value }).columns.return_code).toBe(9007199254740993n);
  });
});

test('a task and its result', () => {
  const task = { name: 'Nightly', task_type: 'daily', alert_severity: 'info', enabled: true };
  expect(columns('autotasks_automatedtask', { ...task, policy_id: 1, agent_id: null })).toEqual({
    name: 'Nightly',
    kind: 'daily',
    device_id: null,
    policy_id: '1',
    severity: 'info',
    enabled: true,
  });
  const result = { task_id: 1, agent_id: 7, status: 'passing', retcode: 0, execution_time: '1.2345' };
  expect(columns('autotasks_taskresult', { ...result, stdout: 'ok', last_run: null })).toEqual({
    task_id: '1',
    device_id: '7',
    status: 'passing',
    last_run: null,
    return_code: 0,
    execution_seconds: 1.2345,
    output: 'ok',
  });
});

test('an alert is its check’s or task’s, on a device or on none', () => {
  const alert = {
    alert_type: 'check',
    severity: 'error',
    message: 'full',
    agent_id: 7,
    assigned_check_id: 1,
    assigned_task_id: null,
    alert_time: '2026-09-01T10:00:00Z',
    snoozed: false,
    snooze_until: null,
    hidden: false,
    resolved: true,
    resolved_on: '2026-09-01T11:00:00Z',
  };
  const record = tacticalRecord('alerts_alert', { op: 'r', after: { id: 3, ...alert } });
  expect(newTrial().mutation(record).columns).toEqual({
    kind: 'check',
    severity: 'error',
    message: 'full',
    device_id: '7',
    check_id: '1',
    task_id: null,
    alert_time: created_at,
    snoozed: false,
    snoozed_until: null,
    hidden: false,
    resolved: true,
    resolved_at: updated_at,
  });
});
