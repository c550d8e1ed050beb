import { everSeen } from './captured-changes.ts';
import { device } from './expected-devices.ts';
import { fleetPlace } from './expected-places.ts';
import { type ExpectedRow, type Place, placeOf } from './expected-row.ts';
import { asSet, asText, fleet, iso, lostKeys, type SourceRow, tactical, yesNo } from './final-state.ts';

/** What is run on devices and what came of it: scripts, policies, queries, checks, tasks, their results, and alerts. */

const TACTICAL = 'tactical-rmm';
const FLEET = 'fleet-mdm';

const tacticalTimes = (row: SourceRow) => ({
  created_at: iso(row.created_time),
  updated_at: iso(row.modified_time),
});
const fleetTimes = (row: SourceRow) => ({ created_at: iso(row.created_at), updated_at: iso(row.updated_at) });

/** The device that a row names, and where it is; a device that is gone has no place. */
function onDevice(tool: string, id: unknown): Place & { readonly device_id: unknown } {
  return { device_id: asText(id), ...placeOf(device(tool, id)) };
}

export function scripts(): ExpectedRow[] {
  return [
    ...tactical('scripts_script').map((row) => ({
      tool: TACTICAL,
      id: String(row.id),
      name: row.name,
      description: row.description,
      shell: row.shell,
      category: row.category,
      platforms: asSet(Array.isArray(row.supported_platforms) ? row.supported_platforms : []),
      kind: row.script_type,
      hash: row.script_hash,
      timeout_seconds: row.default_timeout,
      ...tacticalTimes(row),
    })),
    ...fleet('scripts').map((row) => ({
      tool: FLEET,
      id: String(row.id),
      name: row.name,
      ...fleetPlace(row.team_id),
      ...fleetTimes(row),
    })),
  ];
}

export function policies(): ExpectedRow[] {
  return [
    ...tactical('automation_policy').map((row) => ({
      tool: TACTICAL,
      id: String(row.id),
      name: row.name,
      description: row.desc,
      enabled: row.active,
      ...tacticalTimes(row),
    })),
    ...fleet('policies').map((row) => ({
      tool: FLEET,
      id: String(row.id),
      name: row.name,
      description: row.description,
      critical: yesNo(row.critical),
      platforms: listed(row.platforms),
      query: row.query,
      resolution: row.resolution,
      ...fleetPlace(row.team_id),
      ...fleetTimes(row),
    })),
  ];
}

/** Fleet's platforms: a text with commas between them. */
function listed(text: unknown): string[] | undefined {
  const parts = String(text).split(',');
  return asSet(parts.map((part) => part.trim()).filter((part) => part !== ''));
}

/** Rows of a policy whose deletion cascaded without an event are still there. */
export function policyResults(): ExpectedRow[] {
  const ever = everSeen('fleetmdm-mysql-cdc', 'fleetmdm.fleet.policy_membership');
  const kept = lostKeys('fleet.policy_membership').map((key) => ever.get(JSON.stringify(key)) ?? {});
  return [...fleet('policy_membership'), ...kept].map((row) => ({
    tool: FLEET,
    id: `${row.policy_id}:${row.host_id}`,
    policy_id: asText(row.policy_id),
    ...onDevice(FLEET, row.host_id),
    passes: yesNo(row.passes),
    ...fleetTimes(row),
  }));
}

export function queries(): ExpectedRow[] {
  return fleet('queries').map((row) => ({
    tool: FLEET,
    id: String(row.id),
    name: row.name,
    description: row.description,
    query: row.query,
    platforms: listed(row.platform),
    interval_seconds: row.schedule_interval,
    ...fleetPlace(row.team_id),
    ...fleetTimes(row),
  }));
}

export function queryResults(): ExpectedRow[] {
  return fleet('query_results').map((row) => ({
    tool: FLEET,
    id: String(row.id),
    query_id: asText(row.query_id),
    ...onDevice(FLEET, row.host_id),
    fetched_at: iso(row.last_fetched),
    data: row.data,
    error: row.error,
  }));
}

export function checks(): ExpectedRow[] {
  return tactical('checks_check').map((row) => ({
    tool: TACTICAL,
    id: String(row.id),
    name: row.name,
    kind: row.check_type,
    ...onDevice(TACTICAL, row.agent_id),
    policy_id: asText(row.policy_id),
    severity: row.alert_severity,
    interval_seconds: row.run_interval,
    ...tacticalTimes(row),
  }));
}

export function checkResults(): ExpectedRow[] {
  return tactical('checks_checkresult').map((row) => ({
    tool: TACTICAL,
    id: String(row.id),
    check_id: asText(row.assigned_check_id),
    ...onDevice(TACTICAL, row.agent_id),
    status: row.status,
    severity: row.alert_severity,
    fail_count: row.fail_count,
    last_run: iso(row.last_run),
    return_code: row.retcode,
    execution_seconds: seconds(row.execution_time),
    // None of the captured outputs is near the limit.
    output: row.stdout === null || row.stdout === '' ? row.more_info : row.stdout,
  }));
}

/** Tactical keeps durations as text, which may be anything. */
function seconds(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

export function tasks(): ExpectedRow[] {
  return tactical('autotasks_automatedtask').map((row) => ({
    tool: TACTICAL,
    id: String(row.id),
    name: row.name,
    kind: row.task_type,
    ...onDevice(TACTICAL, row.agent_id),
    policy_id: asText(row.policy_id),
    severity: row.alert_severity,
    enabled: row.enabled,
    ...tacticalTimes(row),
  }));
}

export function taskResults(): ExpectedRow[] {
  return tactical('autotasks_taskresult').map((row) => ({
    tool: TACTICAL,
    id: String(row.id),
    task_id: asText(row.task_id),
    ...onDevice(TACTICAL, row.agent_id),
    status: row.status,
    last_run: iso(row.last_run),
    return_code: row.retcode,
    execution_seconds: seconds(row.execution_time),
    output: row.stdout,
  }));
}

export function alerts(): ExpectedRow[] {
  return tactical('alerts_alert').map((row) => ({
    tool: TACTICAL,
    id: String(row.id),
    kind: row.alert_type,
    severity: row.severity,
    message: row.message,
    ...onDevice(TACTICAL, row.agent_id),
    check_id: asText(row.assigned_check_id),
    task_id: asText(row.assigned_task_id),
    alert_time: iso(row.alert_time),
    snoozed: row.snoozed,
    snoozed_until: iso(row.snooze_until),
    hidden: row.hidden,
    resolved: row.resolved,
    resolved_at: iso(row.resolved_on),
  }));
}
