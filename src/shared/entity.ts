import { DEVICE_COLUMNS, EVENT_COLUMNS, USER_COLUMNS } from './entity-columns.ts';

/**
 * The canonical model: every entity, its columns and the facets that feed it. One table for Cassandra's schema, the embedded
 * store, analytics records, `export` and the documentation. Names are those of the model document.
 */

/** In the order in which links of devices name them, so that a new one goes to the end. */
export const TOOLS = ['tactical-rmm', 'fleet-mdm', 'meshcentral', 'authentik'] as const;
export type Tool = (typeof TOOLS)[number];

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
  /** Columns by whose value rows are found (Store.find): what other rows change with, and what operators ask for. */
  readonly indexes: readonly string[];
  /** Those of them that are found whatever the case of their letters. */
  readonly caseless: readonly string[];
  /** What happened stays: deletes and truncates at the source do not reach it, `events.keepDays` ends it. */
  readonly history: boolean;
}

const PLACE = {
  organisation_id: 'text',
  organisation_name: 'text',
  site_id: 'text',
  site_name: 'text',
} as const;
const TIMES = { created_at: 'timestamp', updated_at: 'timestamp' } as const;

interface EntityOptions {
  readonly facets?: readonly string[];
  readonly indexes?: readonly string[];
  readonly caseless?: readonly string[];
  readonly analytics?: boolean;
  readonly history?: boolean;
}

function entity(
  name: string,
  columns: Readonly<Record<string, ColumnType>>,
  options: EntityOptions = {},
): Entity {
  return {
    name,
    table: name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`,
    analyticsTopic: options.analytics === false ? null : `${name}-analytics`,
    columns: { ...PLACE, ...TIMES, ...columns },
    facets: options.facets ?? [],
    indexes: options.indexes ?? [],
    caseless: options.caseless ?? [],
    history: options.history ?? false,
  };
}

/** Rows that are placed where their device is. */
const OF_DEVICE: readonly string[] = ['organisation_id', 'site_id', 'device_id'];

export const ENTITIES = {
  organisation: entity('organisation', { name: 'text', description: 'text' }),
  site: entity('site', { name: 'text' }, { indexes: ['organisation_id'] }),
  device: entity('device', DEVICE_COLUMNS, {
    facets: ['host_seen_times', 'host_display_names', 'host_disks', 'host_mdm', 'lastconnect'],
    indexes: [
      'organisation_id',
      'site_id',
      'device_key',
      'mesh_node_id',
      'serial_number',
      'hostname',
      'logged_in_user',
    ],
    caseless: ['serial_number', 'hostname'],
  }),
  device_link: entity(
    'device_link',
    {
      device_id: 'text',
      linked_tool: 'text',
      linked_id: 'text',
      evidence: 'set<text>',
      confidence: 'text',
    },
    { indexes: ['device_id', 'linked_id'] },
  ),
  user: entity('user', USER_COLUMNS, { indexes: ['role_id'] }),
  role: entity('role', { name: 'text' }, { analytics: false }),
  group: entity('group', { name: 'text', description: 'text', kind: 'text' }),
  group_member: entity(
    'group_member',
    { group_id: 'text', member_id: 'text', member_kind: 'text' },
    { indexes: ['group_id', 'member_id'] },
  ),
  script: entity(
    'script',
    {
      name: 'text',
      description: 'text',
      shell: 'text',
      category: 'text',
      platforms: 'set<text>',
      kind: 'text',
      hash: 'text',
      timeout_seconds: 'bigint',
    },
    { indexes: ['organisation_id'] },
  ),
  policy: entity(
    'policy',
    {
      name: 'text',
      description: 'text',
      enabled: 'boolean',
      critical: 'boolean',
      platforms: 'set<text>',
      query: 'text',
      resolution: 'text',
    },
    { indexes: ['organisation_id'] },
  ),
  policy_result: entity(
    'policy_result',
    { policy_id: 'text', device_id: 'text', passes: 'boolean' },
    { indexes: [...OF_DEVICE, 'policy_id'] },
  ),
  query: entity(
    'query',
    { name: 'text', description: 'text', query: 'text', platforms: 'set<text>', interval_seconds: 'bigint' },
    { indexes: ['organisation_id'] },
  ),
  query_result: entity(
    'query_result',
    { query_id: 'text', device_id: 'text', fetched_at: 'timestamp', data: 'text', error: 'text' },
    { indexes: OF_DEVICE },
  ),
  check: entity(
    'check',
    {
      name: 'text',
      kind: 'text',
      device_id: 'text',
      policy_id: 'text',
      severity: 'text',
      interval_seconds: 'bigint',
    },
    { indexes: OF_DEVICE },
  ),
  check_result: entity(
    'check_result',
    {
      check_id: 'text',
      device_id: 'text',
      status: 'text',
      severity: 'text',
      fail_count: 'bigint',
      last_run: 'timestamp',
      return_code: 'bigint',
      execution_seconds: 'double',
      output: 'text',
    },
    { indexes: OF_DEVICE },
  ),
  task: entity(
    'task',
    {
      name: 'text',
      kind: 'text',
      device_id: 'text',
      policy_id: 'text',
      severity: 'text',
      enabled: 'boolean',
    },
    { indexes: OF_DEVICE },
  ),
  task_result: entity(
    'task_result',
    {
      task_id: 'text',
      device_id: 'text',
      status: 'text',
      last_run: 'timestamp',
      return_code: 'bigint',
      execution_seconds: 'double',
      output: 'text',
    },
    { indexes: OF_DEVICE },
  ),
  alert: entity(
    'alert',
    {
      kind: 'text',
      severity: 'text',
      message: 'text',
      device_id: 'text',
      check_id: 'text',
      task_id: 'text',
      alert_time: 'timestamp',
      snoozed: 'boolean',
      snoozed_until: 'timestamp',
      hidden: 'boolean',
      resolved: 'boolean',
      resolved_at: 'timestamp',
    },
    { indexes: OF_DEVICE },
  ),
  event: entity('event', EVENT_COLUMNS, { indexes: [...OF_DEVICE, 'actor_id'], history: true }),
  /** Which devices a Fleet activity was about: the rows of another table, joined into the event (shared/reference-table.ts). */
  event_device: entity(
    'event_device',
    { event_id: 'text', device_id: 'text' },
    { indexes: ['event_id', 'device_id'], analytics: false, history: true },
  ),
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
