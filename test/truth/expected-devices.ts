import { fleetPlace, tacticalPlace } from './expected-places.ts';
import { type ExpectedRow, placeOf } from './expected-row.ts';
import {
  asSet,
  asText,
  byKey,
  finalDocuments,
  fleet,
  iso,
  isoOfMillis,
  isoOfSeconds,
  tactical,
  yesNo,
} from './final-state.ts';

let all: readonly ExpectedRow[] | undefined;

export function devices(): readonly ExpectedRow[] {
  all ??= [...tacticalDevices(), ...fleetDevices(), ...meshDevices()];
  return all;
}

/** A tool's device whose `column` has this value; undefined when there is none at the end. */
export function deviceBy(tool: string, column: string, value: unknown): ExpectedRow | undefined {
  return value === undefined || value === null
    ? undefined
    : devices().find((row) => row.tool === tool && row[column] === value);
}

export function device(tool: string, id: unknown): ExpectedRow | undefined {
  return deviceBy(tool, 'id', asText(id));
}

interface WmiDetail {
  readonly serialnumber?: string;
  readonly bios?: readonly (readonly { readonly SerialNumber?: string }[])[];
}

function tacticalDevices(): ExpectedRow[] {
  return tactical('agents_agent').map((row) => {
    // row_to_json wrote the jsonb column as JSON; its shape is the agent's.
    const detail = row.wmi_detail as WmiDetail | null;
    const user = row.logged_in_username ?? row.last_logged_in_user;
    return {
      tool: 'tactical-rmm',
      id: String(row.id),
      ...tacticalPlace(row.site_id),
      device_key: row.agent_id,
      hostname: row.hostname,
      description: row.description,
      kind: row.monitoring_type,
      platform: row.plat,
      os_name: row.operating_system,
      architecture: row.goarch,
      agent_version: row.version,
      serial_number: row.plat === 'windows' ? detail?.bios?.[0]?.[0]?.SerialNumber : detail?.serialnumber,
      memory_bytes: row.total_ram === null ? undefined : Number(row.total_ram) * 1024 * 1024 * 1024,
      public_ip: row.public_ip,
      logged_in_user: user,
      timezone: row.time_zone,
      last_seen: iso(row.last_seen),
      last_boot: isoOfSeconds(row.boot_time),
      enrolled_at: iso(row.created_time),
      needs_reboot: row.needs_reboot,
      maintenance: row.maintenance_mode,
      policy_id: asText(row.policy_id),
      mesh_node_id: meshId(row.mesh_node_id),
      created_at: iso(row.created_time),
      updated_at: iso(row.modified_time),
    };
  });
}

function meshId(hex: unknown): string | undefined {
  if (typeof hex !== 'string' || hex === '') return undefined;
  const base64 = btoa(
    String.fromCharCode(...(hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))),
  );
  return `node//${base64.split('/').join('$').split('+').join('@')}`;
}

function fleetDevices(): ExpectedRow[] {
  const seen = byKey(fleet('host_seen_times'), 'host_id');
  const names = byKey(fleet('host_display_names'), 'host_id');
  const disks = byKey(fleet('host_disks'), 'host_id');
  const mdm = byKey(fleet('host_mdm'), 'host_id');
  return fleet('hosts').map((row) => ({
    tool: 'fleet-mdm',
    id: String(row.id),
    ...fleetPlace(row.team_id),
    device_key: row.uuid,
    hostname: row.hostname,
    display_name: names.get(row.id)?.display_name,
    platform: row.platform === 'windows' || row.platform === 'darwin' ? row.platform : 'linux',
    os_name: row.os_version,
    architecture: row.cpu_type,
    agent_version: row.osquery_version,
    hardware_uuid: row.uuid,
    serial_number: row.hardware_serial,
    hardware_vendor: row.hardware_vendor,
    hardware_model: row.hardware_model,
    cpu: row.cpu_brand,
    memory_bytes: row.memory,
    public_ip: row.public_ip,
    private_ip: row.primary_ip,
    mac: row.primary_mac,
    timezone: row.timezone,
    last_seen: iso(seen.get(row.id)?.seen_time),
    last_boot: iso(row.last_restarted_at),
    enrolled_at: iso(row.last_enrolled_at),
    disk_total_gb: disks.get(row.id)?.gigs_total_disk_space,
    disk_free_gb: disks.get(row.id)?.gigs_disk_space_available,
    disk_encrypted: yesNo(disks.get(row.id)?.encrypted),
    mdm_enrolled: yesNo(mdm.get(row.id)?.enrolled),
    mdm_server_url: mdm.get(row.id)?.server_url,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  }));
}

/** MeshCentral knows neither organisations nor sites: its devices are where Tactical's agent on the same machine is. */
function meshDevices(): ExpectedRow[] {
  const connections = byKey(finalDocuments('lastconnect'), '_id');
  const agents = new Map(tacticalDevices().map((row) => [row.mesh_node_id, row]));
  return finalDocuments('node').map((row) => {
    const connection = connections.get(`lc${row._id}`);
    const users: readonly unknown[] = Array.isArray(row.users) ? row.users : [];
    const tags: readonly unknown[] = Array.isArray(row.tags) ? row.tags : [];
    return {
      tool: 'meshcentral',
      id: String(row._id),
      ...placeOf(agents.get(row._id)),
      device_key: row._id,
      hostname: row.rname ?? row.name,
      display_name: row.name,
      description: row.desc,
      platform: platformOf(String(row.osdesc)),
      os_name: row.osdesc,
      agent_version: asText((row.agent as { readonly ver?: number } | undefined)?.ver),
      public_ip: row.publicip ?? row.host,
      private_ip: row.ip,
      logged_in_user: users[0],
      last_seen: isoOfMillis(connection?.time),
      online: connection === undefined ? undefined : connection.cause === 1,
      last_boot: isoOfMillis(row.lastbootuptime),
      enrolled_at: isoOfMillis(row.firstconnect),
      group_id: row.meshid,
      mesh_node_id: row._id,
      tags: asSet(tags),
    };
  });
}

function platformOf(description: string): string | undefined {
  if (description.startsWith('Microsoft Windows')) return 'windows';
  if (description.startsWith('macOS')) return 'darwin';
  return description.startsWith('Debian') || description.startsWith('Ubuntu') ? 'linux' : undefined;
}
