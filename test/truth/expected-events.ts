import { type CapturedChange, capturedChanges, everSeen } from './captured-changes.ts';
import { device, deviceBy } from './expected-devices.ts';
import { eventClass, ofActivity, ofAudit, ofAuthentik, ofMeshcentral } from './expected-event-types.ts';
import { users } from './expected-people.ts';
import { type ExpectedRow, placeOf } from './expected-row.ts';
import { asText, iso, isoOfMillis, type SourceRow } from './final-state.ts';

/**
 * What happened, from every image that the captured run ever showed: the sources forget their events, the canonical table does not.
 * Without the columns that the product words itself (differences.ts).
 */

const TACTICAL = 'tactical-rmm';
const FLEET = 'fleet-mdm';

const tacticalRows = (table: string) =>
  everSeen('tactical-postgres-cdc', `tactical.public.${table}`).values();
const fleetRows = (table: string) => everSeen('fleetmdm-mysql-cdc', `fleetmdm.fleet.${table}`).values();

export function events(): ExpectedRow[] {
  return [
    ...auditLog(),
    ...agentHistory(),
    ...alertChanges(),
    ...activities(),
    ...scriptResults(),
    ...policyChanges(),
    ...meshcentralEvents(),
    ...authentikEvents(),
  ];
}

/** The device of an event, its name and where it is. One that is gone keeps its id only. */
function onDevice(tool: string, id: unknown): Readonly<Record<string, unknown>> {
  const found = device(tool, id);
  return { device_id: asText(id), device_name: found?.hostname, ...placeOf(found) };
}

/** Tactical's audit log names devices by their key, and a script on the server itself by "N/A". */
function auditLog(): ExpectedRow[] {
  return [...tacticalRows('logs_auditlog')].map((row) => {
    const key = row.agent_id === 'N/A' || row.agent_id === '' ? undefined : row.agent_id;
    const sourceType = `${row.object_type}.${row.action}`;
    return {
      tool: TACTICAL,
      id: `logs_auditlog:${row.id}`,
      event_time: iso(row.entry_time),
      source_type: sourceType,
      ...ofAudit(sourceType),
      actor_name: row.username,
      device_key: key,
      ...onDevice(TACTICAL, deviceBy(TACTICAL, 'device_key', key)?.id),
    };
  });
}

/** A script that has not ended is no event yet; a task is told when it is started, and nothing after that. */
function agentHistory(): ExpectedRow[] {
  const ended = [...tacticalRows('agents_agenthistory')].filter(
    (row) => row.type !== 'script_run' || row.script_results !== null,
  );
  return ended.map((row) => ({
    tool: TACTICAL,
    id: `agents_agenthistory:${row.id}`,
    event_time: iso(row.time),
    source_type: row.type,
    ...eventClass(historyType(row)),
    actor_name: row.username,
    ...onDevice(TACTICAL, row.agent_id),
  }));
}

function historyType(row: SourceRow): string {
  if (row.type === 'cmd_run') return 'COMMAND_RUN_FINISHED';
  if (row.type === 'task_run') return 'TASK_EXECUTED';
  const { retcode }: { retcode: number } = JSON.parse(String(row.script_results));
  return retcode === 0 ? 'SCRIPT_EXECUTED' : 'SCRIPT_FAILED';
}

function alertChanges(): ExpectedRow[] {
  const rows: ExpectedRow[] = [];
  const resolved = new Set<string>();
  for (const change of capturedChanges('tactical-postgres-cdc', 'tactical.public.alerts_alert')) {
    if (change.operation === 'c') rows.push(alertEvent(change, 'triggered'));
    if (change.operation === 'r' || change.after?.resolved !== true || resolved.has(change.key)) continue;
    resolved.add(change.key);
    rows.push(alertEvent(change, 'resolved'));
  }
  return rows;
}

function alertEvent({ after, source }: CapturedChange, what: 'triggered' | 'resolved'): ExpectedRow {
  return {
    tool: TACTICAL,
    id: `alerts_alert:${after?.id}:${what}`,
    event_time: isoOfMillis(source.ts_ms),
    ...eventClass(what === 'triggered' ? 'ALERT_TRIGGERED' : 'ALERT_RESOLVED'),
    ...onDevice(TACTICAL, after?.agent_id),
  };
}

/** An activity's devices come from another table: one, several or none. */
function activities(): ExpectedRow[] {
  return [...fleetRows('activity_past')].map((row) => ({
    tool: FLEET,
    id: `activity_past:${row.id}`,
    event_time: iso(row.created_at),
    source_type: row.activity_type,
    ...ofActivity(String(row.activity_type)),
    actor_id: asText(row.user_id),
    actor_name: row.user_name,
    ...onDevices(hostsOf(row.id)),
  }));
}

function hostsOf(activity: unknown): string[] {
  return [...fleetRows('activity_host_past')]
    .filter((row) => row.activity_id === activity)
    .map((row) => String(row.host_id));
}

function onDevices(ids: readonly string[]): Readonly<Record<string, unknown>> {
  if (ids.length <= 1) return onDevice(FLEET, ids[0]);
  const places: Readonly<Record<string, unknown>>[] = ids.map((id) => ({ ...placeOf(device(FLEET, id)) }));
  const [first = {}, ...others] = places;
  const agreed = Object.entries(first).filter(([column, value]) =>
    others.every((place) => place[column] === value),
  );
  return { device_ids: [...ids].sort(), ...Object.fromEntries(agreed) };
}

export function eventDevices(): ExpectedRow[] {
  return [...fleetRows('activity_host_past')].map((row) => ({
    tool: FLEET,
    id: `${row.host_id}:${row.activity_id}`,
    event_id: `activity_past:${row.activity_id}`,
    device_id: asText(row.host_id),
  }));
}

function scriptResults(): ExpectedRow[] {
  const ended = [...fleetRows('host_script_results')].filter((row) => row.exit_code !== null);
  return ended.map((row) => ({
    tool: FLEET,
    id: `host_script_results:${row.id}`,
    // Made and ended within the same second in the captured run.
    event_time: iso(row.created_at),
    ...eventClass(row.exit_code === 0 ? 'SCRIPT_EXECUTED' : 'SCRIPT_FAILED'),
    actor_id: asText(row.user_id),
    actor_name: users().find((user) => user.tool === FLEET && user.id === asText(row.user_id))?.display_name,
    ...onDevice(FLEET, row.host_id),
  }));
}

/** A row of a changed key is the same answer under another name: no turn. */
function policyChanges(): ExpectedRow[] {
  return capturedChanges('fleetmdm-mysql-cdc', 'fleetmdm.fleet.policy_membership')
    .filter(({ operation, headers }) => operation !== 'r' && !headers.includes('__debezium.oldkey'))
    .filter(({ before, after }) => typeof after?.passes === 'number' && after.passes !== before?.passes)
    .map(({ after, source }) => ({
      tool: FLEET,
      id: `policy_membership:${after?.policy_id}:${after?.host_id}:${positionOf(source)}`,
      event_time: isoOfMillis(source.ts_ms),
      ...eventClass(after?.passes === 0 ? 'POLICY_VIOLATION' : 'POLICY_APPLIED'),
      ...onDevice(FLEET, after?.host_id),
    }));
}

function positionOf(source: SourceRow): string {
  return `${source.file}:${source.pos}:${source.row}`;
}

function meshcentralEvents(): ExpectedRow[] {
  const rows = everSeen('meshcentral-mongodb-cdc', 'meshcentral.meshcentral.events');
  return [...rows.values()].map((row) => {
    const sourceType = row.etype === undefined ? String(row.action) : `${row.etype}.${row.action}`;
    return {
      tool: 'meshcentral',
      id: `events:${(row._id as { readonly $oid: string }).$oid}`,
      event_time: isoOfMillis(row.time),
      source_type: sourceType,
      ...ofMeshcentral(sourceType, row.msgid),
      actor_id: row.userid,
      actor_name: row.username,
      ...onDevice('meshcentral', row.nodeid),
    };
  });
}

interface AuthentikUser {
  readonly pk: number;
  readonly username: string;
}

function authentikEvents(): ExpectedRow[] {
  const rows = everSeen('authentik-postgres-cdc', 'authentik.public.authentik_events_event');
  return [...rows.values()].map((row) => {
    const user: AuthentikUser = JSON.parse(String(row.user));
    const context: { readonly model?: { readonly model_name: string } } = JSON.parse(String(row.context));
    return {
      tool: 'authentik',
      id: `authentik_events_event:${row.event_uuid}`,
      event_time: iso(row.created),
      source_type: row.action,
      ...ofAuthentik(String(row.action), context.model?.model_name),
      actor_id: asText(user.pk),
      actor_name: user.username,
    };
  });
}
