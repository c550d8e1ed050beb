import { ENTITY_NAMES, type EntityName, TOOLS, type Tool } from './entity.ts';
import { table } from './table.ts';

/**
 * The one table of what rows take from other rows. A rule says: a row of `entity` (and `tool`) whose `column` names a row of entity
 * `to` takes that row's columns. Enrichment of changes, completion of rows whose reference came late or changed, and the
 * documentation all follow from it.
 */
export interface ReferenceRule {
  readonly entity: EntityName | readonly EntityName[];
  /** Only rows of these tools; absent: of every tool. */
  readonly tools?: readonly Tool[];
  /** Only rows whose id begins so. */
  readonly idPrefix?: string;
  /** The row's column that names the other row, or its `id`. A set names several: what they agree on is taken. */
  readonly column: string;
  readonly to: ReferenceEntity;
  /** By which of its columns the other row is named. */
  readonly by: ReferenceLookup;
  /** Tool of the other row; absent: the row's own. */
  readonly toTool?: Tool;
  /** Own column to the other row's column, in the order in which later rules read them. */
  readonly fills: Readonly<Record<string, string>>;
}

/** Entities that others refer to. */
export type ReferenceEntity = 'organisation' | 'site' | 'role' | 'user' | 'device' | 'event_device';
/** Those that somebody outside may know, too. */
export type ProvidedEntity = Exclude<ReferenceEntity, 'event_device'>;
export const PROVIDED_ENTITIES: readonly ProvidedEntity[] = [
  'organisation',
  'site',
  'role',
  'user',
  'device',
];
/** `id`, or an indexed column of the entity. */
export const LOOKUPS = ['id', 'device_key', 'mesh_node_id', 'event_id'] as const;
export type ReferenceLookup = (typeof LOOKUPS)[number];

/** Columns that others take from a reference or find it by: a change of any other column of it concerns nobody. */
export const FACES: Readonly<Record<ReferenceEntity, readonly string[]>> = {
  organisation: ['name'],
  site: ['name', 'organisation_id'],
  role: ['name'],
  user: ['display_name'],
  device: [
    'hostname',
    'device_key',
    'mesh_node_id',
    'serial_number',
    // Shown in the list of an organisation's devices.
    'kind',
    'platform',
    'os_name',
    'organisation_id',
    'organisation_name',
    'site_id',
    'site_name',
  ],
  // All rows of one event together.
  event_device: ['device_id', 'device_ids'],
};

const PLACED_BY_DEVICE = [
  'check',
  'check_result',
  'task',
  'task_result',
  'alert',
  'policy_result',
  'query_result',
] as const;
const TACTICAL_AND_FLEET = ['tactical-rmm', 'fleet-mdm'] as const;
const PLACE = { site_id: 'site_id', organisation_id: 'organisation_id' };
const SITE = { site_name: 'name', organisation_id: 'organisation_id' };

/**
 * In the order in which they are followed: what a rule fills, a later one may read. A row takes ids from its device and every name
 * from the row that has it, so that a renamed site is one step away from whatever shows its name.
 */
export const REFERENCES: readonly ReferenceRule[] = [
  {
    entity: 'user',
    tools: ['tactical-rmm'],
    column: 'role_id',
    to: 'role',
    by: 'id',
    fills: { role: 'name' },
  },
  // MeshCentral knows neither organisations nor sites: its devices are where Tactical's agent on the same machine is.
  {
    entity: 'device',
    tools: ['meshcentral'],
    column: 'mesh_node_id',
    to: 'device',
    by: 'mesh_node_id',
    toTool: 'tactical-rmm',
    fills: PLACE,
  },
  // Tactical's audit log names a device by its key.
  {
    entity: 'event',
    tools: ['tactical-rmm'],
    idPrefix: 'logs_auditlog:',
    column: 'device_key',
    to: 'device',
    by: 'device_key',
    fills: { device_id: 'id', device_name: 'hostname', ...PLACE },
  },
  // Fleet tells in another table which hosts an activity was about: one, several or none.
  {
    entity: 'event',
    tools: ['fleet-mdm'],
    idPrefix: 'activity_past:',
    column: 'id',
    to: 'event_device',
    by: 'event_id',
    fills: { device_id: 'device_id', device_ids: 'device_ids' },
  },
  {
    entity: 'event',
    column: 'device_id',
    to: 'device',
    by: 'id',
    fills: { device_name: 'hostname', ...PLACE },
  },
  { entity: 'event', tools: ['fleet-mdm'], column: 'device_ids', to: 'device', by: 'id', fills: PLACE },
  { entity: PLACED_BY_DEVICE, column: 'device_id', to: 'device', by: 'id', fills: PLACE },
  // Of Fleet's tables only this one tells the user by id alone.
  {
    entity: 'event',
    tools: ['fleet-mdm'],
    idPrefix: 'host_script_results:',
    column: 'actor_id',
    to: 'user',
    by: 'id',
    fills: { actor_name: 'display_name' },
  },
  {
    entity: ['device', 'event', ...PLACED_BY_DEVICE],
    tools: ['tactical-rmm'],
    column: 'site_id',
    to: 'site',
    by: 'id',
    fills: SITE,
  },
  {
    entity: ['device', 'event'],
    tools: ['meshcentral'],
    column: 'site_id',
    to: 'site',
    by: 'id',
    toTool: 'tactical-rmm',
    fills: SITE,
  },
  {
    entity: ['site', 'device', 'event', 'script', 'policy', 'query', ...PLACED_BY_DEVICE],
    tools: TACTICAL_AND_FLEET,
    column: 'organisation_id',
    to: 'organisation',
    by: 'id',
    fills: { organisation_name: 'name' },
  },
  {
    entity: ['device', 'event'],
    tools: ['meshcentral'],
    column: 'organisation_id',
    to: 'organisation',
    by: 'id',
    toTool: 'tactical-rmm',
    fills: { organisation_name: 'name' },
  },
];

const rules = table(ENTITY_NAMES, (entity) =>
  table(TOOLS, (tool) =>
    REFERENCES.filter(
      (rule) =>
        (typeof rule.entity === 'string' ? rule.entity === entity : rule.entity.includes(entity)) &&
        (rule.tools === undefined || rule.tools.includes(tool)),
    ),
  ),
);

/** The rules of an entity's rows of one tool. */
export function referenceRules(entity: EntityName, tool: Tool): readonly ReferenceRule[] {
  return rules[entity][tool];
}

const filled = table(ENTITY_NAMES, (entity) =>
  table(TOOLS, (tool) => new Set(rules[entity][tool].flatMap(({ fills }) => Object.keys(fills)))),
);

/** Columns that other rows fill in an entity's rows of one tool. */
export function filledColumns(entity: EntityName, tool: Tool): ReadonlySet<string> {
  return filled[entity][tool];
}

/** Whether a tool's devices are where a device of another tool is. */
export function isPlaced(tool: Tool): boolean {
  return filledColumns('device', tool).has('site_id');
}
