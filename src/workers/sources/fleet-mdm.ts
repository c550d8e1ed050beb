import {
  bigint,
  boolean,
  booleanIn,
  type Convert,
  constant,
  decimal,
  id,
  text,
  textIn,
  timestamp,
} from '../conversions.ts';
import { type Mapping, rows } from '../mapping.ts';
import { redactedJson } from '../redact.ts';
import type { Row } from '../row.ts';

/** Fleet MDM (MySQL, MariaDB): states. A device's row is fed by five tables, each a facet with a version of its own. */
export const fleetMdm: Readonly<Record<string, Mapping>> = {
  'fleet-mdm.teams': rows(['id'], {
    organisation_id: id('id'),
    organisation_name: text('name'),
    name: text('name'),
    description: text('description'),
    created_at: timestamp('created_at'),
  }),

  'fleet-mdm.users': rows(['id'], {
    username: text('email'),
    email: text('email'),
    display_name: text('name'),
    role: text('global_role'),
    kind: userKind,
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.hosts': rows(['id'], {
    organisation_id: id('team_id'),
    device_key: text('uuid'),
    hostname: text('hostname'),
    platform: platformFamily,
    os_name: text('os_version'),
    architecture: text('cpu_type'),
    agent_version: text('osquery_version'),
    hardware_uuid: text('uuid'),
    serial_number: text('hardware_serial'),
    hardware_vendor: text('hardware_vendor'),
    hardware_model: text('hardware_model'),
    cpu: text('cpu_brand'),
    memory_bytes: bigint('memory'),
    public_ip: text('public_ip'),
    private_ip: text('primary_ip'),
    mac: text('primary_mac'),
    timezone: text('timezone'),
    last_boot: timestamp('last_restarted_at'),
    enrolled_at: timestamp('last_enrolled_at'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.host_seen_times': rows(['host_id'], { last_seen: timestamp('seen_time') }),

  'fleet-mdm.host_display_names': rows(['host_id'], { display_name: text('display_name') }),

  'fleet-mdm.host_disks': rows(['host_id'], {
    disk_total_gb: decimal('gigs_total_disk_space', 2),
    disk_free_gb: decimal('gigs_disk_space_available', 2),
    disk_encrypted: boolean('encrypted'),
  }),

  'fleet-mdm.host_mdm': rows(['host_id'], {
    mdm_enrolled: boolean('enrolled'),
    mdm_server_url: text('server_url'),
  }),

  'fleet-mdm.labels': rows(['id'], {
    name: text('name'),
    description: text('description'),
    kind: constant('label'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.label_membership': rows(['host_id', 'label_id'], {
    group_id: id('label_id'),
    member_id: id('host_id'),
    member_kind: constant('device'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.scripts': rows(['id'], {
    organisation_id: id('team_id'),
    name: text('name'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.policies': rows(['id'], {
    organisation_id: id('team_id'),
    name: text('name'),
    description: text('description'),
    critical: boolean('critical'),
    platforms: listed('platforms'),
    query: text('query'),
    resolution: text('resolution'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.policy_membership': rows(['policy_id', 'host_id'], {
    policy_id: id('policy_id'),
    device_id: id('host_id'),
    passes: boolean('passes'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.queries': rows(['id'], {
    organisation_id: id('team_id'),
    name: text('name'),
    description: text('description'),
    query: text('query'),
    platforms: listed('platform'),
    interval_seconds: bigint('schedule_interval'),
    created_at: timestamp('created_at'),
    updated_at: timestamp('updated_at'),
  }),

  'fleet-mdm.query_results': rows(['id'], {
    query_id: id('query_id'),
    device_id: id('host_id'),
    fetched_at: timestamp('last_fetched'),
    data: resultData,
    error: text('error'),
  }),
};

/** Everything that osquery calls by the name of a distribution is Linux. */
const NOT_LINUX = new Set(['', 'windows', 'darwin', 'chrome', 'ios', 'ipados', 'android', 'freebsd']);

function platformFamily(row: Row): string | null {
  const platform = textIn(row, 'platform');
  return platform === null || NOT_LINUX.has(platform) ? platform : 'linux';
}

function userKind(row: Row): string | null {
  return booleanIn(row, 'api_only') === true ? 'api' : 'technician';
}

/** A text with commas between the items as a set; empty is no value. */
function listed(column: string): Convert {
  return (row) => {
    const items = (textIn(row, column) ?? '').split(',').map((item) => item.trim());
    const set = new Set(items.filter((item) => item !== ''));
    return set.size === 0 ? null : [...set].sort();
  };
}

/** A result's row is whatever a query selects. Where osquery calls a column `key`, it holds a name: of a registry key, of a setting. */
const RESULT_NAMES = { keep: ['key'] };

function resultData(row: Row): string | null {
  const data = textIn(row, 'data');
  // How much of it is kept is the guard's to say: cut, it is text and no JSON.
  return data === null ? null : redactedJson(data, Number.POSITIVE_INFINITY, row.fix, RESULT_NAMES);
}
