/** How much an event matters, from least to most. */
export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What happened, in words that are the same for all tools, each with its severity. */
export const UNIFIED_EVENT_TYPES = {
  LOGIN: 'INFO',
  LOGOUT: 'INFO',
  LOGIN_FAILED: 'WARNING',
  PASSWORD_CHANGED: 'INFO',
  SESSION_EXPIRED: 'INFO',
  DEVICE_ONLINE: 'INFO',
  DEVICE_OFFLINE: 'INFO',
  DEVICE_REGISTERED: 'INFO',
  DEVICE_UPDATED: 'INFO',
  DEVICE_DELETED: 'INFO',
  USER_CREATED: 'INFO',
  USER_UPDATED: 'INFO',
  USER_DELETED: 'INFO',
  USER_ROLE_CHANGED: 'INFO',
  SCRIPT_EXECUTION_STARTED: 'INFO',
  SCRIPT_EXECUTED: 'INFO',
  SCRIPT_FAILED: 'ERROR',
  SCRIPT_CREATED: 'INFO',
  SCRIPT_UPDATED: 'INFO',
  TASK_EXECUTION_STARTED: 'INFO',
  TASK_CREATED: 'INFO',
  TASK_EXECUTED: 'INFO',
  TASK_FAILED: 'ERROR',
  TASK_UPDATED: 'INFO',
  COMMAND_RUN_STARTED: 'INFO',
  COMMAND_RUN_FINISHED: 'INFO',
  POLICY_APPLIED: 'INFO',
  POLICY_VIOLATION: 'WARNING',
  COMPLIANCE_CHECK: 'INFO',
  FILE_TRANSFER: 'INFO',
  FILE_UPLOADED: 'INFO',
  FILE_DOWNLOADED: 'INFO',
  FILE_DELETED: 'INFO',
  FILE_OPERATION: 'INFO',
  FILE_BATCH_UPLOAD: 'INFO',
  REMOTE_SESSION_START: 'INFO',
  REMOTE_SESSION_END: 'INFO',
  REMOTE_SESSION_FAILED: 'INFO',
  REMOTE_RECORDING_COMPLETED: 'INFO',
  REMOTE_SESSION_EVENT: 'INFO',
  REMOTE_SESSION_STATS_UPDATED: 'INFO',
  ALERT_TRIGGERED: 'INFO',
  ALERT_RESOLVED: 'INFO',
  MONITORING_CHECK_CREATED: 'INFO',
  MONITORING_CHECK_FAILED: 'ERROR',
  SYSTEM_STARTUP: 'INFO',
  SYSTEM_SHUTDOWN: 'WARNING',
  SYSTEM_START: 'INFO',
  SYSTEM_MONITORING: 'INFO',
  SYSTEM_STATUS: 'INFO',
  SYSTEM_ERROR: 'ERROR',
  GROUP_CREATED: 'INFO',
  GROUP_UPDATED: 'INFO',
  GROUP_DELETED: 'INFO',
  DEVICE_HEARTBEAT: 'INFO',
  DEVICE_SESSIONS_UPDATED: 'INFO',
  DEVICE_SYSINFO_UPDATED: 'INFO',
  DEVICE_OOB_ACTIVATION_REQUESTED: 'INFO',
  DEVICE_DIAGNOSTIC: 'INFO',
  DEVICE_DISCOVERY: 'INFO',
  USER_GROUP_CREATED: 'INFO',
  USER_GROUP_CHANGED: 'INFO',
  USER_GROUP_DELETED: 'INFO',
  USER_UI_CUSTOM_EVENT: 'INFO',
  USER_LOGIN_TOKEN_ADDED: 'INFO',
  USER_LOGIN_TOKEN_CHANGED: 'INFO',
  USER_SESSION_ENDED: 'INFO',
  SESSION_COUNT_UPDATED: 'INFO',
  CONFIGURATION_UPDATED: 'INFO',
  CONFIGURATION_CREATED: 'INFO',
  CONFIGURATION_DELETED: 'INFO',
  PROFILE_CREATED: 'INFO',
  PROFILE_UPDATED: 'INFO',
  PROFILE_DELETED: 'INFO',
  PROFILE_APPLIED: 'INFO',
  PACK_CREATED: 'INFO',
  PACK_UPDATED: 'INFO',
  PACK_DELETED: 'INFO',
  PACK_APPLIED: 'INFO',
  QUERY_CREATED: 'INFO',
  QUERY_UPDATED: 'INFO',
  QUERY_DELETED: 'INFO',
  QUERY_EXECUTED: 'INFO',
  SOFTWARE_INSTALLED: 'INFO',
  SOFTWARE_UNINSTALLED: 'INFO',
  SOFTWARE_CREATED: 'INFO',
  SOFTWARE_UPDATED: 'INFO',
  SOFTWARE_DELETED: 'INFO',
  SOFTWARE_INSTALLATION_CANCELED: 'INFO',
  DISK_ENCRYPTION_ENABLED: 'INFO',
  DISK_ENCRYPTION_DISABLED: 'INFO',
  DISK_ENCRYPTION_KEY_READ: 'WARNING',
  DISK_ENCRYPTION_KEY_ESCROWED: 'INFO',
  MDM_ENROLLED: 'INFO',
  MDM_UNENROLLED: 'INFO',
  MDM_ENABLED: 'INFO',
  MDM_DISABLED: 'INFO',
  AUTOMATION_ENABLED: 'INFO',
  AUTOMATION_DISABLED: 'INFO',
  AUTOMATION_UPDATED: 'INFO',
  HOST_LOCKED: 'WARNING',
  HOST_UNLOCKED: 'INFO',
  HOST_WIPED: 'CRITICAL',
  BATCH_OPERATION_STARTED: 'INFO',
  BATCH_OPERATION_COMPLETED: 'INFO',
  BATCH_OPERATION_CANCELED: 'INFO',
  INTEGRATION_ADDED: 'INFO',
  INTEGRATION_UPDATED: 'INFO',
  INTEGRATION_DELETED: 'INFO',
  UNKNOWN: 'WARNING',
} as const satisfies Record<string, Severity>;

export type UnifiedEventType = keyof typeof UNIFIED_EVENT_TYPES;

/** Source types under the unified type that they become. */
type SourceTypes = Partial<Record<UnifiedEventType, readonly string[]>>;

/**
 * One tool's source types, by where their mapping comes from. A source type may carry a qualifier behind a colon where the name alone
 * does not tell what happened (`relay.relaylog:15` by the message's number); the name alone holds for all other qualifiers.
 */
export interface EventTypeTable {
  /** As OpenFrame maps it. */
  readonly reference: SourceTypes;
  /** As OpenFrame mapped it in earlier versions; the tools write few of these names. */
  readonly earlier: SourceTypes;
  /** As the description of the sources advises. */
  readonly advised: SourceTypes;
  /** Not mapped, as nobody has agreed on it; what an operator may add, by likeness to the three lists above. */
  readonly suggested: SourceTypes;
  /** Known, and left UNKNOWN: no unified type says what happened. */
  readonly unmapped: readonly string[];
}
