import {
  asText,
  finalDocuments,
  finalRows,
  iso,
  isoOfMillis,
  isoOfSeconds,
  type SourceRow,
} from './final-state.ts';

/**
 * What the canonical tables hold once the whole captured run has been taken in, read from the sources' final states by the model
 * document alone: own code, so that a wrong mapping cannot be wrong here in the same way.
 */

export type ExpectedRow = { [column: string]: unknown };
export type ExpectedEntity = 'organisation' | 'site' | 'device' | 'user' | 'role';

/** Rows as `export` prints them, by `<tool>:<id>`: unset columns left out, without `source_ts` and `deleted`. */
export function expectedRows(entity: ExpectedEntity): Map<string, ExpectedRow> {
  const rows = { organisation: organisations, site: sites, device: devices, user: users, role: roles }[
    entity
  ]();
  return new Map(rows.map((row) => [`${row.tool}:${row.id}`, withoutUnset(row)]));
}

function withoutUnset(row: ExpectedRow): ExpectedRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined && value !== null));
}

const tactical = (table: string) => finalRows(`tactical-postgres-cdc/public.${table}`);
const fleet = (table: string) => finalRows(`fleetmdm-mysql-cdc/fleet.${table}`);
const byKey = (rows: SourceRow[], key: string) => new Map(rows.map((row) => [row[key], row]));
const yesNo = (value: unknown) => (typeof value === 'number' ? value === 1 : value);

function organisations(): ExpectedRow[] {
  const own = (tool: string, row: SourceRow) => ({
    tool,
    id: asText(row.id),
    organisation_id: asText(row.id),
    organisation_name: row.name,
    name: row.name,
  });
  return [
    ...tactical('clients_client').map((row) => ({
      ...own('tactical-rmm', row),
      created_at: iso(row.created_time),
      updated_at: iso(row.modified_time),
    })),
    ...fleet('teams').map((row) => ({
      ...own('fleet-mdm', row),
      description: row.description,
      created_at: iso(row.created_at),
    })),
  ];
}

/** Where a Tactical site is: its own name and its organisation's. */
function tacticalPlace(siteId: unknown): ExpectedRow {
  const site = byKey(tactical('clients_site'), 'id').get(siteId);
  const client = byKey(tactical('clients_client'), 'id').get(site?.client_id);
  return {
    site_id: asText(siteId),
    site_name: site?.name,
    organisation_id: asText(site?.client_id),
    organisation_name: client?.name,
  };
}

function sites(): ExpectedRow[] {
  return tactical('clients_site').map((row) => ({
    tool: 'tactical-rmm',
    id: asText(row.id),
    name: row.name,
    ...tacticalPlace(row.id),
    created_at: iso(row.created_time),
    updated_at: iso(row.modified_time),
  }));
}

function devices(): ExpectedRow[] {
  return [...tacticalDevices(), ...fleetDevices(), ...meshDevices()];
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
      id: asText(row.id),
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
  const teams = byKey(fleet('teams'), 'id');
  const seen = byKey(fleet('host_seen_times'), 'host_id');
  const names = byKey(fleet('host_display_names'), 'host_id');
  const disks = byKey(fleet('host_disks'), 'host_id');
  const mdm = byKey(fleet('host_mdm'), 'host_id');
  return fleet('hosts').map((row) => ({
    tool: 'fleet-mdm',
    id: asText(row.id),
    organisation_id: asText(row.team_id),
    organisation_name: teams.get(row.team_id)?.name,
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

function meshDevices(): ExpectedRow[] {
  const connections = byKey(finalDocuments('lastconnect'), '_id');
  const agents = new Map(tacticalDevices().map((row) => [row.mesh_node_id, row]));
  return finalDocuments('node').map((row) => {
    const agent = agents.get(row._id);
    const connection = connections.get(`lc${row._id}`);
    const users: readonly unknown[] = Array.isArray(row.users) ? row.users : [];
    const tags: readonly unknown[] = Array.isArray(row.tags) ? row.tags : [];
    return {
      tool: 'meshcentral',
      id: row._id,
      organisation_id: agent?.organisation_id,
      organisation_name: agent?.organisation_name,
      site_id: agent?.site_id,
      site_name: agent?.site_name,
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
      tags: tags.length === 0 ? undefined : [...new Set(tags)].sort(),
    };
  });
}

function platformOf(description: string): string | undefined {
  if (description.startsWith('Microsoft Windows')) return 'windows';
  if (description.startsWith('macOS')) return 'darwin';
  return description.startsWith('Debian') || description.startsWith('Ubuntu') ? 'linux' : undefined;
}

function users(): ExpectedRow[] {
  const roleNames = byKey(tactical('accounts_role'), 'id');
  return [
    ...tactical('accounts_user').map((row) => ({
      tool: 'tactical-rmm',
      id: asText(row.id),
      username: row.username,
      email: row.email,
      display_name: [row.first_name, row.last_name].filter((name) => name !== '').join(' '),
      role_id: asText(row.role_id),
      role: roleNames.get(row.role_id)?.name,
      active: row.is_active,
      kind: row.is_installer_user === true ? 'installer' : 'technician',
      last_login: iso(row.last_login),
      created_at: iso(row.created_time) ?? iso(row.date_joined),
      updated_at: iso(row.modified_time),
    })),
    ...fleet('users').map((row) => ({
      tool: 'fleet-mdm',
      id: asText(row.id),
      username: row.email,
      email: row.email,
      display_name: row.name,
      role: row.global_role,
      kind: row.api_only === 1 ? 'api' : 'technician',
      created_at: iso(row.created_at),
      updated_at: iso(row.updated_at),
    })),
    ...finalDocuments('user').map((row) => ({
      tool: 'meshcentral',
      id: row._id,
      username: row.name,
      email: row.email,
      display_name: row.realname ?? row.name,
      role: row.siteadmin === 4294967295 ? 'admin' : undefined,
      // None of the captured accounts is locked.
      active: true,
      kind: 'technician',
      last_login: isoOfSeconds(row.login),
      created_at: isoOfSeconds(row.creation),
    })),
    ...finalRows('authentik-postgres-cdc/public.authentik_core_user').map((row) => ({
      tool: 'authentik',
      id: asText(row.id),
      username: row.username,
      email: row.email,
      display_name: row.name,
      active: row.is_active,
      kind: row.type,
      last_login: iso(row.last_login),
      created_at: iso(row.date_joined),
      updated_at: iso(row.last_updated),
    })),
  ];
}

function roles(): ExpectedRow[] {
  return tactical('accounts_role').map((row) => ({
    tool: 'tactical-rmm',
    id: asText(row.id),
    name: row.name,
    created_at: iso(row.created_time),
    updated_at: iso(row.modified_time),
  }));
}
