/**
 * The canonical model: every entity, its columns and the facets that feed it. One table for Cassandra's schema, the embedded
 * store, analytics records, `export` and the documentation. Names are those of the model document.
 */

export type Tool = 'tactical-rmm' | 'fleet-mdm' | 'meshcentral' | 'authentik';
export const TOOLS: readonly Tool[] = ['tactical-rmm', 'fleet-mdm', 'meshcentral', 'authentik'];

/**
 * How a column is kept. In JavaScript: `text` and `decimal` are strings, `timestamp` is a number of milliseconds since 1970 UTC,
 * `bigint` is a number while it is a safe integer and a bigint beyond, `set<text>` is a sorted array without duplicates.
 */
export type ColumnType =
  | 'text'
  | 'boolean'
  | 'int'
  | 'bigint'
  | 'double'
  | 'decimal'
  | 'timestamp'
  | 'set<text>';
export type ColumnValue = string | number | bigint | boolean | readonly string[];
/** Absent means unchanged ("unset" in Cassandra), null means that the source says null. */
export type Columns = { [column: string]: ColumnValue | null };

/** The facet that owns the row: its delete deletes the row. Other facets are named after their source table. */
export const MAIN_FACET = 'main';

export interface Entity {
  readonly name: string;
  /** Cassandra table and LMDB name space. */
  readonly table: string;
  /** Analytics topic, or null for an entity that only serves as a reference. */
  readonly analyticsTopic: string | null;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Contributing source tables beside the main one; each keeps a version of its own (contract, section 4). */
  readonly facets: readonly string[];
}

const PLACE = {
  organisation_id: 'text',
  organisation_name: 'text',
  site_id: 'text',
  site_name: 'text',
} as const;
const TIMES = { created_at: 'timestamp', updated_at: 'timestamp' } as const;

function entity(
  name: string,
  columns: Readonly<Record<string, ColumnType>>,
  options: { readonly facets?: readonly string[]; readonly analytics?: boolean } = {},
): Entity {
  return {
    name,
    table: name === 'policy' || name === 'query' ? `${name.slice(0, -1)}ies` : `${name}s`,
    analyticsTopic: options.analytics === false ? null : `${name}-analytics`,
    columns: { ...PLACE, ...TIMES, ...columns },
    facets: options.facets ?? [],
  };
}

const DEVICE_COLUMNS = {
  device_key: 'text',
  hostname: 'text',
  display_name: 'text',
  description: 'text',
  kind: 'text',
  platform: 'text',
  os_name: 'text',
  architecture: 'text',
  agent_version: 'text',
  hardware_uuid: 'text',
  serial_number: 'text',
  hardware_vendor: 'text',
  hardware_model: 'text',
  cpu: 'text',
  memory_bytes: 'bigint',
  public_ip: 'text',
  private_ip: 'text',
  mac: 'text',
  logged_in_user: 'text',
  timezone: 'text',
  last_seen: 'timestamp',
  online: 'boolean',
  last_boot: 'timestamp',
  enrolled_at: 'timestamp',
  needs_reboot: 'boolean',
  maintenance: 'boolean',
  disk_total_gb: 'decimal',
  disk_free_gb: 'decimal',
  disk_encrypted: 'boolean',
  mdm_enrolled: 'boolean',
  mdm_server_url: 'text',
  policy_id: 'text',
  group_id: 'text',
  mesh_node_id: 'text',
  tags: 'set<text>',
} as const;

const USER_COLUMNS = {
  username: 'text',
  email: 'text',
  display_name: 'text',
  role_id: 'text',
  role: 'text',
  active: 'boolean',
  kind: 'text',
  last_login: 'timestamp',
} as const;

export const ENTITIES = {
  organisation: entity('organisation', { name: 'text', description: 'text' }),
  site: entity('site', { name: 'text' }),
  device: entity('device', DEVICE_COLUMNS, {
    facets: ['host_seen_times', 'host_display_names', 'host_disks', 'host_mdm', 'lastconnect'],
  }),
  user: entity('user', USER_COLUMNS),
  role: entity('role', { name: 'text' }, { analytics: false }),
} as const satisfies Record<string, Entity>;

export type EntityName = keyof typeof ENTITIES;
export const ENTITY_NAMES = Object.keys(ENTITIES) as readonly EntityName[];

/** Column that keeps a facet's version; `version` for the main one. */
export function versionColumn(facet: string): string {
  return facet === MAIN_FACET ? 'version' : `${facet}_version`;
}

/** Column that keeps when the source committed a facet's newest applied change; `source_ts` for the main one. */
export function sourceTsColumn(facet: string): string {
  return facet === MAIN_FACET ? 'source_ts' : `${facet}_source_ts`;
}

/** Type of a canonical column; throws for a name that the entity does not have. */
export function columnType(name: EntityName, column: string): ColumnType {
  const type = (ENTITIES[name].columns as Readonly<Record<string, ColumnType>>)[column];
  if (type === undefined) throw new Error(`entity ${name} has no column ${column}`);
  return type;
}
