/** What the description of the sources says of event types (sections 4.2 to 4.6), copied from there: `UNIFIED: source types`. */

function table(text: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  for (const line of text.trim().split('\n')) {
    const [unified = '', sources = ''] = line.split(': ');
    for (const source of sources.split(' ')) types.set(source, unified);
  }
  return types;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** 4.2 */
export const UNIFIED = {
  INFO: words(`
LOGIN LOGOUT PASSWORD_CHANGED SESSION_EXPIRED DEVICE_ONLINE DEVICE_OFFLINE DEVICE_REGISTERED DEVICE_UPDATED
DEVICE_DELETED USER_CREATED USER_UPDATED USER_DELETED USER_ROLE_CHANGED SCRIPT_EXECUTION_STARTED SCRIPT_EXECUTED
SCRIPT_CREATED SCRIPT_UPDATED TASK_EXECUTION_STARTED TASK_CREATED TASK_EXECUTED TASK_UPDATED COMMAND_RUN_STARTED
COMMAND_RUN_FINISHED POLICY_APPLIED COMPLIANCE_CHECK FILE_TRANSFER FILE_UPLOADED FILE_DOWNLOADED FILE_DELETED
FILE_OPERATION FILE_BATCH_UPLOAD REMOTE_SESSION_START REMOTE_SESSION_END REMOTE_SESSION_FAILED
REMOTE_RECORDING_COMPLETED REMOTE_SESSION_EVENT REMOTE_SESSION_STATS_UPDATED ALERT_TRIGGERED ALERT_RESOLVED
MONITORING_CHECK_CREATED SYSTEM_STARTUP SYSTEM_START SYSTEM_MONITORING SYSTEM_STATUS GROUP_CREATED GROUP_UPDATED
GROUP_DELETED DEVICE_HEARTBEAT DEVICE_SESSIONS_UPDATED DEVICE_SYSINFO_UPDATED DEVICE_OOB_ACTIVATION_REQUESTED
DEVICE_DIAGNOSTIC DEVICE_DISCOVERY USER_GROUP_CREATED USER_GROUP_CHANGED USER_GROUP_DELETED USER_UI_CUSTOM_EVENT
USER_LOGIN_TOKEN_ADDED USER_LOGIN_TOKEN_CHANGED USER_SESSION_ENDED SESSION_COUNT_UPDATED CONFIGURATION_UPDATED
CONFIGURATION_CREATED CONFIGURATION_DELETED PROFILE_CREATED PROFILE_UPDATED PROFILE_DELETED PROFILE_APPLIED
PACK_CREATED PACK_UPDATED PACK_DELETED PACK_APPLIED QUERY_CREATED QUERY_UPDATED QUERY_DELETED QUERY_EXECUTED
SOFTWARE_INSTALLED SOFTWARE_UNINSTALLED SOFTWARE_CREATED SOFTWARE_UPDATED SOFTWARE_DELETED
SOFTWARE_INSTALLATION_CANCELED DISK_ENCRYPTION_ENABLED DISK_ENCRYPTION_DISABLED DISK_ENCRYPTION_KEY_ESCROWED
MDM_ENROLLED MDM_UNENROLLED MDM_ENABLED MDM_DISABLED AUTOMATION_ENABLED AUTOMATION_DISABLED AUTOMATION_UPDATED
HOST_UNLOCKED BATCH_OPERATION_STARTED BATCH_OPERATION_COMPLETED BATCH_OPERATION_CANCELED INTEGRATION_ADDED
INTEGRATION_UPDATED INTEGRATION_DELETED
  `),
  WARNING: words(
    'LOGIN_FAILED POLICY_VIOLATION SYSTEM_SHUTDOWN DISK_ENCRYPTION_KEY_READ HOST_LOCKED UNKNOWN',
  ),
  ERROR: words('SCRIPT_FAILED TASK_FAILED MONITORING_CHECK_FAILED SYSTEM_ERROR'),
  CRITICAL: words('HOST_WIPED'),
} as const;

/** 4.3: 115 in OpenFrame's mapping; the advice of 4.6. */
export const FLEET = table(`
LOGIN: user_logged_in
LOGIN_FAILED: user_failed_login
USER_CREATED: user_added_by_sso created_user
USER_DELETED: deleted_user
USER_ROLE_CHANGED: changed_user_global_role deleted_user_global_role changed_user_team_role deleted_user_team_role
DEVICE_REGISTERED: fleet_enrolled
MDM_ENROLLED: mdm_enrolled
MDM_UNENROLLED: mdm_unenrolled
AUTOMATION_ENABLED: enabled_activity_automations enabled_conditional_access_automations
AUTOMATION_UPDATED: edited_activity_automations
AUTOMATION_DISABLED: disabled_activity_automations disabled_conditional_access_automations
PACK_CREATED: created_pack
PACK_UPDATED: edited_pack
PACK_DELETED: deleted_pack
PACK_APPLIED: applied_spec_pack
POLICY_APPLIED: created_policy edited_policy deleted_policy applied_spec_policy policy_membership_pass
QUERY_CREATED: created_saved_query
QUERY_UPDATED: edited_saved_query applied_spec_saved_query
QUERY_DELETED: deleted_saved_query deleted_multiple_saved_query
GROUP_CREATED: created_team
GROUP_DELETED: deleted_team
GROUP_UPDATED: applied_spec_team
DEVICE_UPDATED: transferred_hosts
CONFIGURATION_UPDATED: edited_agent_options edited_macos_min_version edited_ios_min_version edited_ipados_min_version edited_windows_updates changed_macos_setup_assistant enabled_macos_setup_end_user_auth disabled_macos_setup_end_user_auth enabled_gitops_mode disabled_gitops_mode enabled_vpp disabled_vpp edited_setup_experience_software
QUERY_EXECUTED: live_query execute_scheduled_query
DISK_ENCRYPTION_KEY_READ: read_host_disk_encryption_key
DISK_ENCRYPTION_ENABLED: enabled_macos_disk_encryption
DISK_ENCRYPTION_DISABLED: disabled_macos_disk_encryption
DISK_ENCRYPTION_KEY_ESCROWED: escrowed_disk_encryption_key
PROFILE_CREATED: created_macos_profile created_windows_profile created_declaration_profile
PROFILE_UPDATED: edited_macos_profile edited_windows_profile edited_declaration_profile
PROFILE_DELETED: deleted_macos_profile deleted_windows_profile deleted_declaration_profile
CONFIGURATION_DELETED: deleted_macos_setup_assistant deleted_bootstrap_package deleted_custom_variable
CONFIGURATION_CREATED: added_bootstrap_package created_custom_variable
MDM_ENABLED: enabled_windows_mdm enabled_android_mdm enabled_windows_mdm_migration
MDM_DISABLED: disabled_windows_mdm disabled_android_mdm disabled_windows_mdm_migration
SCRIPT_EXECUTED: ran_script
SCRIPT_CREATED: added_script
SCRIPT_UPDATED: edited_script updated_script deleted_script
SCRIPT_FAILED: canceled_run_script
BATCH_OPERATION_COMPLETED: ran_script_batch resent_configuration_profile_batch
BATCH_OPERATION_STARTED: scheduled_script_batch
BATCH_OPERATION_CANCELED: canceled_script_batch
HOST_LOCKED: locked_host
HOST_UNLOCKED: unlocked_host
HOST_WIPED: wiped_host
PROFILE_APPLIED: resent_configuration_profile
SOFTWARE_INSTALLED: installed_software installed_app_store_app
SOFTWARE_UNINSTALLED: uninstalled_software
SOFTWARE_CREATED: added_software added_app_store_app
SOFTWARE_UPDATED: edited_software edited_app_store_app
SOFTWARE_DELETED: deleted_software deleted_app_store_app
SOFTWARE_INSTALLATION_CANCELED: canceled_install_software canceled_uninstall_software canceled_install_app_store_app
INTEGRATION_ADDED: added_ndes_scep_proxy added_custom_scep_proxy added_digicert added_hydrant added_conditional_access_integration_microsoft
INTEGRATION_UPDATED: edited_ndes_scep_proxy edited_custom_scep_proxy edited_digicert edited_hydrant
INTEGRATION_DELETED: deleted_ndes_scep_proxy deleted_custom_scep_proxy deleted_digicert deleted_hydrant deleted_conditional_access_integration_microsoft
POLICY_VIOLATION: policy_membership_fail
`);
export const FLEET_ADVICE = table('DEVICE_DELETED: deleted_host');
/** 4.3, "in Fleet, not in that mapping": what is left when none of the unified types says it. */
export const FLEET_OPEN = words(`
deleted_host enabled_macos_update_new_hosts disabled_macos_update_new_hosts retrieved_host_my_device_url
enabled_gitops_exception disabled_gitops_exception enabled_historical_dataset disabled_historical_dataset failed_wipe
created_android_profile edited_android_profile deleted_android_profile edited_android_certificate installed_certificate
resent_certificate added_custom_est_proxy edited_custom_est_proxy deleted_custom_est_proxy added_smallstep edited_smallstep
deleted_smallstep added_conditional_access_okta deleted_conditional_access_okta edited_host_idp_data edited_enroll_secrets
read_host_recovery_lock_password escrowed_recovery_lock_password rotated_recovery_lock_password
enabled_recovery_lock_password disabled_recovery_lock_password enabled_managed_local_account
disabled_managed_local_account created_managed_local_account read_managed_local_account
rotated_managed_local_account_password failed_enrollment_profile_renewal created_label edited_label deleted_label
cleared_passcode canceled_setup_experience edited_configuration_profile applied_spec_software enabled_disk_encryption
disabled_disk_encryption
`);
/** 4.3, OpenFrame in 2025. */
export const FLEET_EARLIER = table(`
USER_UPDATED: edited_user
DEVICE_UPDATED: changed_host_status
POLICY_VIOLATION: policy_violation
POLICY_APPLIED: applied_policy
COMPLIANCE_CHECK: policy_compliance_checked
REMOTE_SESSION_START: remote_session_start
REMOTE_SESSION_END: remote_session_end
ALERT_TRIGGERED: alert_triggered
ALERT_RESOLVED: alert_resolved
`);

/** 4.4, stored or not. */
export const MESHCENTRAL = table(`
SYSTEM_START: server.started
LOGIN: user.login
LOGOUT: user.logout
PASSWORD_CHANGED: user.passchange
USER_CREATED: user.accountcreate
USER_DELETED: user.accountremove
USER_LOGIN_TOKEN_ADDED: user.loginTokenAdded
USER_UI_CUSTOM_EVENT: user.uicustomevent
USER_SESSION_ENDED: user.endsession
GROUP_DELETED: mesh.deletemesh
GROUP_UPDATED: mesh.meshchange
GROUP_CREATED: mesh.createmesh
DEVICE_OOB_ACTIVATION_REQUESTED: node.amtactivate
DEVICE_DIAGNOSTIC: node.diagnostic
FILE_OPERATION: node.agentlog
FILE_BATCH_UPLOAD: node.batchupload
REMOTE_SESSION_STATS_UPDATED: node.sessioncompression
REMOTE_SESSION_EVENT: relay.relaylog
REMOTE_RECORDING_COMPLETED: relay.recording
USER_GROUP_CHANGED: ugrp.usergroupchange
USER_GROUP_CREATED: ugrp.createusergroup
USER_GROUP_DELETED: ugrp.deleteusergroup
SYSTEM_SHUTDOWN: server.stopped
SYSTEM_MONITORING: servertimelinestats
USER_UPDATED: user.accountchange
DEVICE_REGISTERED: node.addnode
DEVICE_UPDATED: node.changenode
DEVICE_DELETED: node.removenode
USER_LOGIN_TOKEN_CHANGED: user.loginTokenChanged
DEVICE_SESSIONS_UPDATED: node.devicesessions
DEVICE_SYSINFO_UPDATED: node.sysinfohash
DEVICE_DISCOVERY: scanamtdevice
SESSION_COUNT_UPDATED: wssessioncount
`);
/** 1.4: only the message's number tells a session's start from its end. */
export const SESSION_STARTED = [13, 14, 15, 16, 162, 120, 145, 143, 148, 149, 150];
export const SESSION_ENDED = [9, 10, 11, 12, 112, 121, 147, 144, 123, 124, 125, 126];
export const MESHCENTRAL_OPEN = words(`
node.nodemeshchange node.runcommands node.turnon node.turnoff node.addedDeviceShare node.removedDeviceShare node.manual
pluginStateChange updatePluginList nodeconnect ifchange deviceShareUpdate notify satellite wakedevices 2fadev.2faresponse
userWebState serverinfochange traceinfo amtpoweraction oneclickrecovery
`);

/** 4.5 and its advice. */
export const TACTICAL = table(`
LOGIN: user.login
LOGOUT: user.logout
LOGIN_FAILED: user.failed_login
DEVICE_REGISTERED: agent.agent_install agent.created
DEVICE_UPDATED: agent.modify agent.updated
DEVICE_DELETED: agent.delete
SCRIPT_EXECUTED: agent.execute_script script.executed
COMMAND_RUN_FINISHED: agent.execute_command
REMOTE_SESSION_START: agent.remote_session
MONITORING_CHECK_CREATED: check.created
ALERT_TRIGGERED: alert.triggered
`);
/** 4.5, objects of which BaseAuditModel writes that they were added, modified and deleted, and the rest. */
export const TACTICAL_OBJECTS = words(`
client site policy check automatedtask script user role alerttemplate winupdatepolicy coresettings customfield globalkvstore
urlaction apikey schedule
`);
export const TACTICAL_OPEN = words('agent.url_action client.url_action site.url_action bulk.bulk_action');

/** 4.6 */
export const AUTHENTIK_ADVICE = table(`
LOGIN: login
LOGIN_FAILED: login_failed
LOGOUT: logout
PASSWORD_CHANGED: password_set
SYSTEM_ERROR: system_exception
USER_CREATED: model_created:user
USER_UPDATED: model_updated:user
USER_DELETED: model_deleted:user
USER_GROUP_CREATED: model_created:group
USER_GROUP_CHANGED: model_updated:group
USER_GROUP_DELETED: model_deleted:group
`);
export const AUTHENTIK_OPEN = words(`
user_write user_offboarded user_lockdown_triggered suspicious_request secret_view secret_rotate invitation_used
authorize_application source_linked impersonation_started impersonation_ended flow_execution policy_execution
policy_exception property_mapping_exception system_task_execution system_task_exception configuration_error
configuration_warning model_created model_updated model_deleted email_sent update_available export_ready review_initiated
review_overdue review_attested review_completed access_request_created access_request_approved access_request_denied
access_request_revoked
`);
