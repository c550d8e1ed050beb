import { ENTITIES, ENTITY_NAMES, type Entity, sourceTsColumn, versionColumn } from '../../shared/entity.ts';
import type { CassandraSettings } from '../../shared/settings.ts';
import { KEY_MOVES_TABLE, PROBES_TABLE } from './cassandra-statements.ts';
import { writeModeOf } from './cassandra-store.ts';
import { DEVICE_EVENTS_TABLE, LISTED_COLUMNS } from './device-events.ts';
import { DEVICE_LIST_COLUMNS, DEVICE_LIST_TABLE } from './device-list.ts';
import { TRUNCATIONS_TABLE } from './truncation-table.ts';
import { WAITING_TABLE } from './waiting-table.ts';

/**
 * "All users of a tool" is one query. Elsewhere an index on the tool would do harm: a search by another column would read it as well,
 * and of rows that are not on disk yet all that the tool has.
 */
const LISTED_BY_TOOL: readonly string[] = ['user'];
const DAY_SECONDS = 24 * 3600;
/** Halves of a key move that are further apart than this do not meet. */
const KEY_MOVES_TTL_SECONDS = 30 * DAY_SECONDS;
/** A reference that has not come by then is not waited for any longer. */
const WAITING_TTL_SECONDS = 30 * DAY_SECONDS;
const PROBES_TTL_SECONDS = DAY_SECONDS;

/** A table as it has to be. */
export interface TableDefinition {
  readonly name: string;
  /** Column to CQL type, in the order of the DDL. */
  readonly columns: ReadonlyMap<string, string>;
  readonly partitionKey: readonly string[];
  readonly clusteringKey: readonly string[];
  /** Columns with a storage-attached index. */
  readonly indexes: readonly string[];
  /** Those that find a value whatever the case of its letters. */
  readonly caseless?: readonly string[];
  /** Options of CREATE TABLE. */
  readonly options: readonly string[];
  /** Kept as the table's comment, because rows cannot tell it: what must not change once there are rows. */
  readonly fixed?: string;
}

function entityTable(entity: Entity, settings: CassandraSettings): TableDefinition {
  const columns = new Map([
    ['tool', 'text'],
    ['bucket', 'int'],
    ['id', 'text'],
    ['deleted', 'boolean'],
    ['carry', 'text'],
    ['completions', 'int'],
  ]);
  for (const facet of ['main', ...entity.facets]) {
    columns.set(versionColumn(facet), 'text').set(sourceTsColumn(facet), 'timestamp');
  }
  for (const [column, type] of Object.entries(entity.columns)) columns.set(column, type);
  const fixed = `openframe-stream buckets=${settings.buckets} writes=${writeModeOf(settings, entity.table)}`;
  return {
    name: entity.table,
    columns,
    partitionKey: ['tool', 'bucket'],
    clusteringKey: ['id'],
    indexes: LISTED_BY_TOOL.includes(entity.name) ? ['tool', ...entity.indexes] : entity.indexes,
    caseless: entity.caseless,
    options: [],
    fixed,
  };
}

/** Tables beside those of the entities. */
function ownTables(): readonly TableDefinition[] {
  const text = (...names: readonly string[]): [string, string][] => names.map((name) => [name, 'text']);
  const moveKey = ['entity', 'tool', 'from_id', 'version'];
  return [
    {
      name: KEY_MOVES_TABLE,
      columns: new Map([...text(...moveKey, 'kept', 'owed'), ['waiting', 'set<text>']]),
      partitionKey: moveKey,
      clusteringKey: [],
      indexes: [],
      options: [`default_time_to_live = ${KEY_MOVES_TTL_SECONDS}`],
    },
    {
      name: WAITING_TABLE,
      columns: new Map(text('reference', 'entity', 'tool', 'id')),
      partitionKey: ['reference'],
      clusteringKey: ['entity', 'tool', 'id'],
      indexes: [],
      options: [`default_time_to_live = ${WAITING_TTL_SECONDS}`],
    },
    {
      name: TRUNCATIONS_TABLE,
      columns: new Map(text('scope', 'entity', 'tool', 'facet', 'version')),
      partitionKey: ['scope'],
      clusteringKey: ['entity', 'tool', 'facet'],
      indexes: [],
      options: [],
    },
    {
      name: DEVICE_EVENTS_TABLE,
      columns: new Map([
        ...text('tool', 'device_id'),
        ['event_time', 'timestamp'],
        ...text('id', ...LISTED_COLUMNS),
      ]),
      partitionKey: ['tool', 'device_id'],
      clusteringKey: ['event_time', 'id'],
      indexes: [],
      options: ['CLUSTERING ORDER BY (event_time DESC, id ASC)'],
    },
    {
      name: DEVICE_LIST_TABLE,
      columns: new Map(text('tool', 'organisation_id', 'id', ...DEVICE_LIST_COLUMNS)),
      partitionKey: ['tool', 'organisation_id'],
      clusteringKey: ['id'],
      indexes: [],
      options: [],
    },
    {
      name: PROBES_TABLE,
      columns: new Map([...text('id'), ['probed_at', 'timestamp']]),
      partitionKey: ['id'],
      clusteringKey: [],
      indexes: [],
      options: [`default_time_to_live = ${PROBES_TTL_SECONDS}`],
    },
  ];
}

/** Every table that the store uses. */
export function tableDefinitions(settings: CassandraSettings): readonly TableDefinition[] {
  return [...ENTITY_NAMES.map((name) => entityTable(ENTITIES[name], settings)), ...ownTables()];
}
