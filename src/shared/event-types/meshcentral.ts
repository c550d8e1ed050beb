import type { EventTypeTable } from './unified.ts';

const SESSION_STARTED = [13, 14, 15, 16, 162, 120, 145, 143, 148, 149, 150];
const SESSION_ENDED = [9, 10, 11, 12, 112, 121, 147, 144, 123, 124, 125, 126];
const relayLog = (message: number): string => `relay.relaylog:${message}`;

/** MeshCentral's `etype.action`, or `action` alone; the qualifier is the message's number. */
export const meshcentralEventTypes: EventTypeTable = {
  reference: {
    SYSTEM_START: ['server.started'],
    SYSTEM_SHUTDOWN: ['server.stopped'],
    SYSTEM_MONITORING: ['servertimelinestats'],
    LOGIN: ['user.login'],
    LOGOUT: ['user.logout'],
    PASSWORD_CHANGED: ['user.passchange'],
    USER_CREATED: ['user.accountcreate'],
    USER_UPDATED: ['user.accountchange'],
    USER_DELETED: ['user.accountremove'],
    USER_LOGIN_TOKEN_ADDED: ['user.loginTokenAdded'],
    USER_LOGIN_TOKEN_CHANGED: ['user.loginTokenChanged'],
    USER_UI_CUSTOM_EVENT: ['user.uicustomevent'],
    USER_SESSION_ENDED: ['user.endsession'],
    GROUP_CREATED: ['mesh.createmesh'],
    GROUP_UPDATED: ['mesh.meshchange'],
    GROUP_DELETED: ['mesh.deletemesh'],
    USER_GROUP_CREATED: ['ugrp.createusergroup'],
    USER_GROUP_CHANGED: ['ugrp.usergroupchange'],
    USER_GROUP_DELETED: ['ugrp.deleteusergroup'],
    DEVICE_REGISTERED: ['node.addnode'],
    DEVICE_UPDATED: ['node.changenode'],
    DEVICE_DELETED: ['node.removenode'],
    DEVICE_OOB_ACTIVATION_REQUESTED: ['node.amtactivate'],
    DEVICE_DIAGNOSTIC: ['node.diagnostic'],
    DEVICE_SESSIONS_UPDATED: ['node.devicesessions'],
    DEVICE_SYSINFO_UPDATED: ['node.sysinfohash'],
    DEVICE_DISCOVERY: ['scanamtdevice'],
    SESSION_COUNT_UPDATED: ['wssessioncount'],
    FILE_OPERATION: ['node.agentlog'],
    FILE_BATCH_UPLOAD: ['node.batchupload'],
    REMOTE_SESSION_STATS_UPDATED: ['node.sessioncompression'],
    REMOTE_SESSION_EVENT: ['relay.relaylog'],
    REMOTE_RECORDING_COMPLETED: ['relay.recording'],
  },
  earlier: {},
  advised: {
    LOGIN_FAILED: ['authfail'],
    REMOTE_SESSION_START: SESSION_STARTED.map(relayLog),
    REMOTE_SESSION_END: SESSION_ENDED.map(relayLog),
  },
  suggested: {
    // Like node.changenode, which says so when a device's group is changed by hand.
    DEVICE_UPDATED: ['node.nodemeshchange'],
    COMMAND_RUN_STARTED: ['node.runcommands'],
  },
  unmapped: [
    'node.turnon',
    'node.turnoff',
    'node.addedDeviceShare',
    'node.removedDeviceShare',
    'node.manual',
    'pluginStateChange',
    'updatePluginList',
    // Never stored, so never in the stream.
    'nodeconnect',
    'ifchange',
    'deviceShareUpdate',
    'notify',
    'satellite',
    'wakedevices',
    '2fadev.2faresponse',
    'userWebState',
    'serverinfochange',
    'traceinfo',
    'amtpoweraction',
    'oneclickrecovery',
  ],
};
