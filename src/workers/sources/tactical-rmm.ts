import {
  bigint,
  boolean,
  firstText,
  firstTimestamp,
  id,
  integer,
  numberIn,
  numberOfText,
  seconds,
  text,
  textIn,
  textSet,
  timestamp,
} from '../conversions.ts';
import { endOfValue, isArray, isObject, type Json } from '../json-text.ts';
import { type Mapping, rows } from '../mapping.ts';
import type { Row } from '../row.ts';

const TIMES = { created_at: timestamp('created_time'), updated_at: timestamp('modified_time') };
/** A check or task is one device's, or a policy's. */
const ASSIGNED = { device_id: id('agent_id'), policy_id: id('policy_id') };
const RESULT = {
  device_id: id('agent_id'),
  status: text('status'),
  last_run: timestamp('last_run'),
  return_code: bigint('retcode'),
  execution_seconds: numberOfText('execution_time'),
};

/** Tactical RMM (PostgreSQL): states. What happened is in tactical-rmm-events.ts. Names of other rows (site, organisation, role) are filled in by the enrichment. */
export const tacticalRmm: Readonly<Record<string, Mapping>> = {
  'tactical-rmm.clients_client': rows(['id'], {
    organisation_id: id('id'),
    organisation_name: text('name'),
    name: text('name'),
    ...TIMES,
  }),

  'tactical-rmm.clients_site': rows(['id'], {
    organisation_id: id('client_id'),
    site_id: id('id'),
    site_name: text('name'),
    name: text('name'),
    ...TIMES,
  }),

  'tactical-rmm.agents_agent': rows(['id'], {
    site_id: id('site_id'),
    device_key: text('agent_id'),
    hostname: text('hostname'),
    description: text('description'),
    kind: text('monitoring_type'),
    platform: text('plat'),
    os_name: text('operating_system'),
    architecture: text('goarch'),
    agent_version: text('version'),
    serial_number: serialNumber,
    memory_bytes: memoryBytes,
    public_ip: text('public_ip'),
    // The agent writes the word None when nobody is logged in; the model takes what stands there.
    logged_in_user: firstText('logged_in_username', 'last_logged_in_user'),
    timezone: text('time_zone'),
    last_seen: timestamp('last_seen'),
    last_boot: seconds('boot_time'),
    enrolled_at: timestamp('created_time'),
    needs_reboot: boolean('needs_reboot'),
    maintenance: boolean('maintenance_mode'),
    policy_id: id('policy_id'),
    mesh_node_id: meshNodeId,
    ...TIMES,
  }),

  'tactical-rmm.accounts_user': rows(['id'], {
    username: text('username'),
    email: text('email'),
    display_name: fullName,
    role_id: id('role_id'),
    active: boolean('is_active'),
    kind: userKind,
    last_login: timestamp('last_login'),
    created_at: firstTimestamp('created_time', 'date_joined'),
    updated_at: timestamp('modified_time'),
  }),

  'tactical-rmm.accounts_role': rows(['id'], {
    name: text('name'),
    ...TIMES,
  }),

  // Never its body, arguments or environment.
  'tactical-rmm.scripts_script': rows(['id'], {
    name: text('name'),
    description: text('description'),
    shell: text('shell'),
    category: text('category'),
    platforms: textSet('supported_platforms'),
    kind: text('script_type'),
    hash: text('script_hash'),
    timeout_seconds: bigint('default_timeout'),
    ...TIMES,
  }),

  'tactical-rmm.automation_policy': rows(['id'], {
    name: text('name'),
    description: text('desc'),
    enabled: boolean('active'),
    ...TIMES,
  }),

  'tactical-rmm.checks_check': rows(['id'], {
    name: text('name'),
    kind: text('check_type'),
    ...ASSIGNED,
    severity: text('alert_severity'),
    interval_seconds: bigint('run_interval'),
    ...TIMES,
  }),

  'tactical-rmm.checks_checkresult': rows(['id'], {
    check_id: id('assigned_check_id'),
    severity: text('alert_severity'),
    fail_count: bigint('fail_count'),
    ...RESULT,
    output: firstText('stdout', 'more_info'),
  }),

  'tactical-rmm.autotasks_automatedtask': rows(['id'], {
    name: text('name'),
    kind: text('task_type'),
    ...ASSIGNED,
    severity: text('alert_severity'),
    enabled: boolean('enabled'),
    ...TIMES,
  }),

  'tactical-rmm.autotasks_taskresult': rows(['id'], {
    task_id: id('task_id'),
    ...RESULT,
    output: text('stdout'),
  }),

  'tactical-rmm.alerts_alert': rows(['id'], {
    kind: text('alert_type'),
    severity: text('severity'),
    message: text('message'),
    device_id: id('agent_id'),
    check_id: id('assigned_check_id'),
    task_id: id('assigned_task_id'),
    alert_time: timestamp('alert_time'),
    snoozed: boolean('snoozed'),
    snoozed_until: timestamp('snooze_until'),
    hidden: boolean('hidden'),
    resolved: boolean('resolved'),
    resolved_at: timestamp('resolved_on'),
  }),
};

/** total_ram counts whole GiB. */
function memoryBytes(row: Row): number | bigint | null {
  const gigabytes = numberIn(row, 'total_ram');
  // A power of two keeps a double exact.
  return gigabytes === null ? null : integer(Math.trunc(gigabytes) * 2 ** 30);
}

/** MeshCentral spells the node id that Tactical keeps in hex as base64 with other signs for / and +. */
function meshNodeId(row: Row): string | null {
  const hex = textIn(row, 'mesh_node_id');
  if (hex === null || hex === '') return null;
  if (hex.length !== NODE_ID_HEX) return otherNodeId(hex);
  // Three hex digits are two of base64: most of a record's other columns together take no longer than going through bytes.
  let out = NODE.length;
  let wrong = 0;
  for (let at = 0; at < NODE_ID_HEX; at += 3) {
    const digits = (hexDigit(hex, at) << 8) | (hexDigit(hex, at + 1) << 4) | hexDigit(hex, at + 2);
    wrong |= digits;
    nodeId[out] = MESH_SIGNS[(digits >> 6) & 63] ?? 0;
    nodeId[out + 1] = MESH_SIGNS[digits & 63] ?? 0;
    out += 2;
  }
  // What is no hex names no node.
  if (wrong < 0) return null;
  return nodeId.toString('latin1');
}

/** Of a SHA-384. */
const NODE_ID_HEX = 96;
const NODE = 'node//';
const MESH_SIGNS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$');
/** Written over for each id. */
const nodeId = Buffer.from(NODE + ' '.repeat((NODE_ID_HEX / 3) * 2));

function meshText(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('/', '$').replaceAll('+', '@');
}

/** By character code: values of hex digits; -1 for anything else. */
const HEX_DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

function hexDigit(text: string, at: number): number {
  return HEX_DIGITS[text.charCodeAt(at)] ?? -1;
}

/** Of an id of another length than agents have. */
function otherNodeId(hex: string): string | null {
  const bytes = Buffer.from(hex, 'hex');
  return bytes.length * 2 === hex.length ? NODE + meshText(bytes) : null;
}

/** wmi_detail is the agent's own inventory: lists of WMI classes on Windows, a flat object elsewhere. */
function serialNumber(row: Row): string | null {
  const detail = textIn(row, 'wmi_detail');
  if (detail === null || row.unavailable) return null;
  const windows = textIn(row, 'plat') === 'windows';
  const holderText = windows ? biosText(detail) : detail;
  if (holderText === undefined || !holderText.includes(windows ? '"SerialNumber"' : '"serialnumber"'))
    return null;
  let holder: Json;
  try {
    holder = JSON.parse(holderText);
  } catch {
    row.fix('invalid_json_column');
    return null;
  }
  if (windows) holder = firstItem(firstItem(holder));
  const serial = isObject(holder) ? holder[windows ? 'SerialNumber' : 'serialnumber'] : null;
  return typeof serial === 'string' ? serial : null;
}

const BIOS = '"bios":';

/**
 * The `bios` member's text, cut out of some ten kilobytes that would take longer to parse than all the rest of the record. The
 * agent's WMI classes have no other member of that name, and inside a string its quotes would be escaped.
 */
function biosText(detail: string): string | undefined {
  for (let at = detail.indexOf(BIOS); at >= 0; at = detail.indexOf(BIOS, at + 1)) {
    if (detail[at - 1] === '\\') continue;
    const end = endOfValue(detail, at + BIOS.length);
    return end < 0 ? undefined : detail.slice(at + BIOS.length, end);
  }
  return undefined;
}

function firstItem(value: Json | undefined): Json {
  return isArray(value) ? (value[0] ?? null) : null;
}

function fullName(row: Row): string | null {
  const first = textIn(row, 'first_name');
  const last = textIn(row, 'last_name');
  if (first === null && last === null) return null;
  return `${first ?? ''} ${last ?? ''}`.trim();
}

function userKind(row: Row): string | null {
  const installer = boolean('is_installer_user')(row);
  return installer === true ? 'installer' : 'technician';
}
