import type { EventTypeTable } from './unified.ts';

/** What is set up once for all devices: of these objects only that they were changed is worth telling. */
const SETTINGS = [
  'role',
  'alerttemplate',
  'winupdatepolicy',
  'coresettings',
  'customfield',
  'globalkvstore',
  // What the tool's own enumeration calls globalkvstore.
  'keystore',
  'urlaction',
  'schedule',
  'reporttemplate',
  'reporthtmltemplate',
  'reportdataquery',
  'reportasset',
  'reportschedule',
];

function settings(action: string): string[] {
  return SETTINGS.map((object) => `${object}.${action}`);
}

/** Tactical's `object_type.action` of the audit log, `type` of the agents' history, and what is seen on alerts. */
export const tacticalRmmEventTypes: EventTypeTable = {
  reference: { LOGIN: ['user.login'] },
  earlier: {
    LOGOUT: ['user.logout'],
    DEVICE_REGISTERED: ['agent.created'],
    DEVICE_UPDATED: ['agent.updated'],
    SCRIPT_EXECUTED: ['script.executed'],
    MONITORING_CHECK_CREATED: ['check.created'],
    // Also an alert that was made.
    ALERT_TRIGGERED: ['alert.triggered'],
  },
  advised: {
    LOGIN_FAILED: ['user.failed_login'],
    DEVICE_REGISTERED: ['agent.agent_install'],
    DEVICE_UPDATED: ['agent.modify'],
    DEVICE_DELETED: ['agent.delete'],
    // Without an object: from the agents' history. The qualifier says that the return code was not 0.
    SCRIPT_EXECUTED: ['agent.execute_script', 'script_run'],
    SCRIPT_FAILED: ['script_run:failed'],
    TASK_EXECUTED: ['task_run'],
    TASK_FAILED: ['task_run:failed'],
    COMMAND_RUN_FINISHED: ['agent.execute_command', 'cmd_run'],
    REMOTE_SESSION_START: ['agent.remote_session'],
    // An alert whose `resolved` turned true.
    ALERT_RESOLVED: ['alert.resolved'],
  },
  suggested: {
    // Fleet's teams are groups in the reference, its policies' changes all POLICY_APPLIED, a deleted script is SCRIPT_UPDATED.
    GROUP_CREATED: ['client.add', 'site.add'],
    GROUP_UPDATED: ['client.modify', 'site.modify'],
    GROUP_DELETED: ['client.delete', 'site.delete'],
    POLICY_APPLIED: ['policy.add', 'policy.modify', 'policy.delete'],
    SCRIPT_CREATED: ['script.add'],
    SCRIPT_UPDATED: ['script.modify', 'script.delete'],
    TASK_CREATED: ['automatedtask.add'],
    TASK_UPDATED: ['automatedtask.modify', 'automatedtask.delete'],
    USER_CREATED: ['user.add'],
    USER_UPDATED: ['user.modify'],
    USER_DELETED: ['user.delete'],
    USER_LOGIN_TOKEN_ADDED: ['apikey.add'],
    USER_LOGIN_TOKEN_CHANGED: ['apikey.modify', 'apikey.delete'],
    MONITORING_CHECK_CREATED: ['check.add'],
    BATCH_OPERATION_STARTED: ['bulk.bulk_action'],
    CONFIGURATION_CREATED: settings('add'),
    CONFIGURATION_UPDATED: [...settings('modify'), 'check.modify'],
    CONFIGURATION_DELETED: [...settings('delete'), 'check.delete'],
  },
  unmapped: ['agent.url_action', 'client.url_action', 'site.url_action'],
};
