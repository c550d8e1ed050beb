/** Unified types and severities of the source types that occur in the captured run, from the source facts, sections 4.2 to 4.6; all
 * others are UNKNOWN. */

/** All others are INFO. */
const SEVERITIES: Readonly<Record<string, string>> = {
  LOGIN_FAILED: 'WARNING',
  POLICY_VIOLATION: 'WARNING',
  SYSTEM_SHUTDOWN: 'WARNING',
  DISK_ENCRYPTION_KEY_READ: 'WARNING',
  HOST_LOCKED: 'WARNING',
  UNKNOWN: 'WARNING',
  SCRIPT_FAILED: 'ERROR',
  TASK_FAILED: 'ERROR',
  SYSTEM_ERROR: 'ERROR',
  HOST_WIPED: 'CRITICAL',
};

const TACTICAL_AUDIT: Readonly<Record<string, string>> = {
  'user.login': 'LOGIN',
  'user.failed_login': 'LOGIN_FAILED',
  'agent.agent_install': 'DEVICE_REGISTERED',
  'agent.modify': 'DEVICE_UPDATED',
  'agent.delete': 'DEVICE_DELETED',
  'agent.execute_script': 'SCRIPT_EXECUTED',
  'agent.execute_command': 'COMMAND_RUN_FINISHED',
  'agent.remote_session': 'REMOTE_SESSION_START',
};

const FLEET_ACTIVITY: Readonly<Record<string, string>> = {
  user_logged_in: 'LOGIN',
  user_failed_login: 'LOGIN_FAILED',
  created_user: 'USER_CREATED',
  changed_user_global_role: 'USER_ROLE_CHANGED',
  changed_user_team_role: 'USER_ROLE_CHANGED',
  fleet_enrolled: 'DEVICE_REGISTERED',
  mdm_enrolled: 'MDM_ENROLLED',
  created_policy: 'POLICY_APPLIED',
  live_query: 'QUERY_EXECUTED',
  created_saved_query: 'QUERY_CREATED',
  transferred_hosts: 'DEVICE_UPDATED',
  ran_script: 'SCRIPT_EXECUTED',
  locked_host: 'HOST_LOCKED',
  wiped_host: 'HOST_WIPED',
  read_host_disk_encryption_key: 'DISK_ENCRYPTION_KEY_READ',
  installed_software: 'SOFTWARE_INSTALLED',
  enabled_windows_mdm: 'MDM_ENABLED',
  edited_agent_options: 'CONFIGURATION_UPDATED',
  created_team: 'GROUP_CREATED',
  deleted_host: 'DEVICE_DELETED',
  edited_activity_automations: 'AUTOMATION_UPDATED',
};

/** MeshCentral's `etype.action`; the server's own figures are known by their action alone. */
const MESHCENTRAL: Readonly<Record<string, string>> = {
  'server.started': 'SYSTEM_START',
  'server.stopped': 'SYSTEM_SHUTDOWN',
  'server.servertimelinestats': 'SYSTEM_MONITORING',
  'user.login': 'LOGIN',
  'user.logout': 'LOGOUT',
  'user.accountremove': 'USER_DELETED',
  authfail: 'LOGIN_FAILED',
  'mesh.createmesh': 'GROUP_CREATED',
  'node.addnode': 'DEVICE_REGISTERED',
  'node.changenode': 'DEVICE_UPDATED',
  'node.removenode': 'DEVICE_DELETED',
  'node.agentlog': 'FILE_OPERATION',
};
/** Numbers of the messages of a relay session. */
const SESSION_STARTED = [13, 14, 15, 16, 162, 120, 145, 143, 148, 149, 150];
const SESSION_ENDED = [9, 10, 11, 12, 112, 121, 147, 144, 123, 124, 125, 126];

const AUTHENTIK: Readonly<Record<string, string>> = {
  login: 'LOGIN',
  login_failed: 'LOGIN_FAILED',
  logout: 'LOGOUT',
  password_set: 'PASSWORD_CHANGED',
  'model_created user': 'USER_CREATED',
  'model_updated user': 'USER_UPDATED',
  'model_deleted user': 'USER_DELETED',
  'model_created group': 'USER_GROUP_CREATED',
  'model_updated group': 'USER_GROUP_CHANGED',
  'model_deleted group': 'USER_GROUP_DELETED',
  system_exception: 'SYSTEM_ERROR',
};

export interface EventClass {
  readonly event_type: string;
  readonly severity: string;
}

export function eventClass(event_type: string | undefined): EventClass {
  const known = event_type ?? 'UNKNOWN';
  return { event_type: known, severity: SEVERITIES[known] ?? 'INFO' };
}

export const ofAudit = (sourceType: string): EventClass => eventClass(TACTICAL_AUDIT[sourceType]);
export const ofActivity = (sourceType: string): EventClass => eventClass(FLEET_ACTIVITY[sourceType]);

export function ofAuthentik(action: string, model: string | undefined): EventClass {
  return eventClass(AUTHENTIK[action] ?? AUTHENTIK[`${action} ${model}`]);
}

export function ofMeshcentral(sourceType: string, message: unknown): EventClass {
  if (sourceType !== 'relay.relaylog') return eventClass(MESHCENTRAL[sourceType]);
  if (SESSION_STARTED.includes(Number(message))) return eventClass('REMOTE_SESSION_START');
  return eventClass(SESSION_ENDED.includes(Number(message)) ? 'REMOTE_SESSION_END' : 'REMOTE_SESSION_EVENT');
}
