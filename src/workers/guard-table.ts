import { columnType, type Tool } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';

/**
 * The data-quality guards: one table, by message type. Decoding follows from it (guard.ts, mapping.ts), and the documentation, too.
 */

/** Rule names: values of a metric label. */
export type Rule =
  /** A column without which the row says nothing is absent or null. */
  | 'missing_column'
  /** A value of another type than the column's (conversions.ts). */
  | 'wrong_type'
  /** A value that the tool is not known to write. */
  | 'unknown_value'
  /** Text beyond the limit is cut, visibly. */
  | 'text_too_long'
  /** A time that cannot be is cleared. */
  | 'timestamp_out_of_range'
  /** Of a json column whose text is no JSON nothing is taken. */
  | 'invalid_json_column';

interface Described {
  /** The canonical column; of `missing_column` the source's. */
  readonly column: string;
  /** For the documentation. */
  readonly detail: string;
}
/**
 * `fix`: the value is bounded or cleared. `keep`: only counted. `drop`: nothing is made of the row. `reject`: the record goes to the
 * dead letters. All are counted by their rule.
 */
export type Guard = Described &
  (
    | { readonly rule: 'missing_column'; readonly action: 'reject' | 'drop' }
    | { readonly rule: 'wrong_type'; readonly action: 'reject' }
    | { readonly rule: 'unknown_value'; readonly action: 'keep'; readonly values: readonly string[] }
    | { readonly rule: 'text_too_long'; readonly action: 'fix'; readonly maxBytes: number }
    | { readonly rule: 'timestamp_out_of_range'; readonly action: 'fix'; readonly daysAhead: number }
    | { readonly rule: 'invalid_json_column'; readonly action: 'fix' }
  );

const KIB = 1024;
const TEXT_MAX_BYTES = 64 * KIB;
/** Clocks are off by this much at most. */
const DAYS_AHEAD = 1;

const required = (...columns: string[]): Guard[] =>
  columns.map((column) => ({
    column,
    rule: 'missing_column',
    action: 'reject',
    detail: 'the source column has to be there',
  }));
const needed = (column: string): Guard => ({
  column,
  rule: 'missing_column',
  action: 'drop',
  detail: 'nothing is made of a row without it',
});
const oneOf = (column: string, ...values: string[]): Guard => ({
  column,
  rule: 'unknown_value',
  action: 'keep',
  detail: `known are ${values.join(', ')}`,
  values,
});
const atMost = (column: string, maxBytes: number): Guard => ({
  column,
  rule: 'text_too_long',
  action: 'fix',
  detail: `cut visibly at ${maxBytes / KIB} KiB`,
  maxBytes,
});
const until = (column: string, daysAhead: number): Guard => ({
  column,
  rule: 'timestamp_out_of_range',
  action: 'fix',
  detail: `cleared unless between 1990 and ${daysAhead === 1 ? 'a day' : `${daysAhead} days`} ahead`,
  daysAhead,
});
const json = (column: string): Guard => ({
  column,
  rule: 'invalid_json_column',
  action: 'fix',
  detail: 'cleared when the JSON it comes from cannot be read',
});
const typed: Guard = {
  column: '*',
  rule: 'wrong_type',
  action: 'reject',
  detail: 'a value of another type than the column is of',
};

const SEVERITY = oneOf('severity', 'info', 'warning', 'error');
const STATUS = oneOf('status', 'passing', 'failing', 'pending');
const OUTPUT = atMost('output', 4 * KIB);
/** Of every event. */
const EVENT: readonly Guard[] = [atMost('summary', KIB), atMost('details', 32 * KIB), json('details')];

const GUARDS: Readonly<Record<string, readonly Guard[]>> = {
  'tactical-rmm.clients_client': required('name'),
  'tactical-rmm.clients_site': required('name', 'client_id'),
  'tactical-rmm.agents_agent': [
    ...required('hostname'),
    oneOf('platform', 'windows', 'linux', 'darwin'),
    oneOf('kind', 'server', 'workstation'),
    json('serial_number'),
  ],
  'tactical-rmm.accounts_user': required('username'),
  'tactical-rmm.accounts_role': required('name'),
  'tactical-rmm.scripts_script': [
    ...required('name'),
    oneOf('shell', 'powershell', 'cmd', 'python', 'shell', 'nushell', 'deno'),
    oneOf('kind', 'userdefined', 'builtin'),
  ],
  'tactical-rmm.automation_policy': required('name'),
  'tactical-rmm.checks_check': [
    ...required('check_type'),
    oneOf('kind', 'diskspace', 'ping', 'cpuload', 'memory', 'winsvc', 'script', 'eventlog'),
    SEVERITY,
  ],
  'tactical-rmm.checks_checkresult': [
    ...required('assigned_check_id', 'agent_id', 'status'),
    STATUS,
    SEVERITY,
    OUTPUT,
  ],
  'tactical-rmm.autotasks_automatedtask': [...required('name'), SEVERITY],
  'tactical-rmm.autotasks_taskresult': [...required('task_id', 'agent_id', 'status'), STATUS, OUTPUT],
  'tactical-rmm.alerts_alert': [
    ...required('alert_type'),
    oneOf('kind', 'availability', 'check', 'task', 'custom'),
    SEVERITY,
    // A time to come, and a technician's choice.
    until('snoozed_until', 3650),
  ],
  'tactical-rmm.alerts_alert.event': [...required('alert_type'), atMost('summary', KIB)],
  'tactical-rmm.logs_auditlog': [...required('entry_time', 'action', 'object_type'), ...EVENT],
  'tactical-rmm.agents_agenthistory': [...required('time', 'type', 'agent_id'), ...EVENT],

  'fleet-mdm.teams': required('name'),
  'fleet-mdm.users': required('email'),
  'fleet-mdm.hosts': required('hostname'),
  'fleet-mdm.host_display_names': required('display_name'),
  'fleet-mdm.labels': required('name'),
  'fleet-mdm.label_membership': required('label_id', 'host_id'),
  'fleet-mdm.scripts': required('name'),
  'fleet-mdm.policies': required('name'),
  'fleet-mdm.policy_membership': required('policy_id', 'host_id'),
  'fleet-mdm.policy_membership.event': [...required('policy_id', 'host_id'), atMost('summary', KIB)],
  'fleet-mdm.queries': required('name'),
  'fleet-mdm.query_results': [...required('query_id', 'host_id'), atMost('data', 64 * KIB), json('data')],
  'fleet-mdm.activity_past': [...required('activity_type'), ...EVENT],
  'fleet-mdm.activity_host_past': required('host_id', 'activity_id'),
  'fleet-mdm.host_script_results': [...required('host_id'), ...EVENT],

  'meshcentral.events': [needed('action'), ...EVENT],

  'authentik.authentik_core_user': [
    ...required('username'),
    oneOf('kind', 'internal', 'external', 'service_account', 'internal_service_account'),
  ],
  'authentik.authentik_core_group': required('name'),
  'authentik.authentik_core_user_groups': required('user_id', 'group_id'),
  'authentik.authentik_events_event': [...required('action', 'created'), ...EVENT, json('actor_id')],
};

/** The guards of a message type whose mapping writes these columns: those of the table, and those that every text and time has. */
export function guardsOf(type: MessageType, columns: readonly string[]): readonly Guard[] {
  const stated = GUARDS[type.name] ?? [];
  const guards: Guard[] = [...stated];
  const has = (column: string, rule: Rule): boolean =>
    stated.some((guard) => guard.column === column && guard.rule === rule);
  for (const column of columns) {
    const kind = columnType(type.entity, column);
    if (kind === 'text' && !has(column, 'text_too_long')) guards.push(atMost(column, TEXT_MAX_BYTES));
    if (kind === 'timestamp' && !has(column, 'timestamp_out_of_range'))
      guards.push(until(column, DAYS_AHEAD));
  }
  guards.push(typed);
  return guards;
}

/** Times that a tool writes for "never": no value, and nothing wrong with the record. */
const NEVER: readonly {
  readonly tool?: Tool;
  readonly type?: string;
  readonly column?: string;
  readonly at: number;
}[] = [
  { at: Date.parse('0001-01-01T00:00:00Z') },
  { tool: 'fleet-mdm', at: Date.parse('2000-01-01T00:00:00Z') },
  // MySQL's zero date in a nullable timestamp.
  { tool: 'fleet-mdm', at: 0 },
  // Debezium's MariaDB connector reads year 0001 in a datetime(6) as 2001.
  { type: 'fleet-mdm.hosts', column: 'last_boot', at: Date.parse('2001-01-01T00:00:00Z') },
];

/** The "never" times of one canonical column. */
export function neverTimes(type: MessageType, column: string): readonly number[] {
  return NEVER.filter(
    (never) =>
      (never.tool === undefined || never.tool === type.tool) &&
      (never.type === undefined || never.type === type.name) &&
      (never.column === undefined || never.column === column),
  ).map((never) => never.at);
}
