import type { Client } from 'cassandra-driver';
import { DependencyError } from '../../shared/errors.ts';
import type { CassandraSettings } from '../../shared/settings.ts';
import { cassandraFailure } from './cassandra-errors.ts';
import { type TableDefinition, tableDefinitions } from './cassandra-tables.ts';

export interface SchemaChange {
  /** `create keyspace openframe`, `add column devices.tags`, … */
  readonly what: string;
  readonly cql: string;
}

const CASELESS = ` WITH OPTIONS = {'case_sensitive': 'false'}`;

/** What would make the schema right. Nothing is ever dropped or altered: what differs is a problem for the operator. */
export interface SchemaPlan {
  readonly changes: readonly SchemaChange[];
  readonly problems: readonly string[];
}

interface ActualTable {
  readonly comment: string;
  readonly columns: ReadonlyMap<string, { readonly type: string; readonly key: string }>;
}

interface ActualIndex {
  readonly table: string;
  readonly column: string;
  readonly isStorageAttached: boolean;
}

/** Index name to index. */
type ActualIndexes = ReadonlyMap<string, ActualIndex>;

function createTable(keyspace: string, table: TableDefinition): string {
  const columns = [...table.columns].map(([name, type]) => `  ${name} ${type},\n`).join('');
  const key = [`(${table.partitionKey.join(', ')})`, ...table.clusteringKey].join(', ');
  const options = [...table.options, ...(table.fixed === undefined ? [] : [`comment = '${table.fixed}'`])];
  const tail = options.length === 0 ? '' : ` WITH ${options.join(' AND ')}`;
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${table.name} (\n${columns}  PRIMARY KEY (${key})\n)${tail}`;
}

function createKeyspace(settings: CassandraSettings): string {
  const { keyspace, localDataCenter, replicationFactor } = settings;
  const replication = `{'class': 'NetworkTopologyStrategy', '${localDataCenter.replaceAll("'", "''")}': ${replicationFactor}}`;
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${replication}`;
}

async function actualTables(client: Client, keyspace: string): Promise<ReadonlyMap<string, ActualTable>> {
  const options = { prepare: true, isIdempotent: true };
  const [tables, columns] = await Promise.all([
    client.execute(
      'SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = ?',
      [keyspace],
      options,
    ),
    client.execute(
      'SELECT table_name, column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ?',
      [keyspace],
      { ...options, fetchSize: 0 },
    ),
  ]);
  const columnsOf = new Map<string, Map<string, { type: string; key: string }>>();
  for (const row of columns.rows) {
    const table = String(row.table_name);
    const known = columnsOf.get(table) ?? new Map<string, { type: string; key: string }>();
    const kind = String(row.kind);
    known.set(String(row.column_name), {
      type: String(row.type),
      key: `${kind} ${String(row.position)}`,
    });
    columnsOf.set(table, known);
  }
  return new Map(
    tables.rows.map((row) => {
      const name = String(row.table_name);
      return [name, { comment: String(row.comment ?? ''), columns: columnsOf.get(name) ?? new Map() }];
    }),
  );
}

async function actualIndexes(client: Client, keyspace: string): Promise<ActualIndexes> {
  const query = 'SELECT index_name, table_name, options FROM system_schema.indexes WHERE keyspace_name = ?';
  const options = { prepare: true, isIdempotent: true, fetchSize: 0 };
  const { rows } = await client.execute(query, [keyspace], options);
  return new Map(
    rows.map((row) => {
      const { target = '', class_name = '' } = (row.options ?? {}) as Readonly<Record<string, string>>;
      const isStorageAttached = /(^|\.)(sai|StorageAttachedIndex)$/i.test(class_name);
      return [String(row.index_name), { table: String(row.table_name), column: target, isStorageAttached }];
    }),
  );
}

/** The indexes of a table that are missing; by whatever name one is there, it will do. */
function compareIndexes(keyspace: string, table: TableDefinition, actual: ActualIndexes): SchemaPlan {
  const changes: SchemaChange[] = [];
  const problems: string[] = [];
  const there = [...actual.values()].filter((index) => index.table === table.name && index.isStorageAttached);
  for (const column of table.indexes) {
    if (there.some((index) => index.column === column)) continue;
    const name = `${table.name}_${column}_idx`;
    if (actual.has(name)) problems.push(`${name} is not a storage-attached index on ${table.name}.${column}`);
    else {
      const options = table.caseless?.includes(column) === true ? CASELESS : '';
      const cql = `CREATE INDEX IF NOT EXISTS ${name} ON ${keyspace}.${table.name} (${column}) USING 'sai'${options}`;
      changes.push({ what: `create index ${name}`, cql });
    }
  }
  return { changes, problems };
}

/** The place of a column in the primary key, as system_schema.columns says it. */
function keyOf(table: TableDefinition, column: string): string {
  const partition = table.partitionKey.indexOf(column);
  if (partition >= 0) return `partition_key ${partition}`;
  const clustering = table.clusteringKey.indexOf(column);
  return clustering >= 0 ? `clustering ${clustering}` : 'regular -1';
}

function newTable(keyspace: string, table: TableDefinition): SchemaPlan {
  const change = { what: `create table ${table.name}`, cql: createTable(keyspace, table) };
  return { changes: [change], problems: [] };
}

function compareTable(keyspace: string, table: TableDefinition, actual: ActualTable): SchemaPlan {
  const changes: SchemaChange[] = [];
  const problems: string[] = [];
  for (const [column, type] of table.columns) {
    const name = `${table.name}.${column}`;
    const there = actual.columns.get(column);
    const key = keyOf(table, column);
    if (there === undefined && key === 'regular -1') {
      const cql = `ALTER TABLE ${keyspace}.${table.name} ADD IF NOT EXISTS ${column} ${type}`;
      changes.push({ what: `add column ${name}`, cql });
    } else if (there === undefined)
      problems.push(`${name} has to be part of the primary key (${key}) and is missing`);
    else if (there.type !== type) problems.push(`${name} is ${there.type}, it has to be ${type}`);
    else if (there.key !== key) problems.push(`${name} is "${there.key}" in the key, it has to be "${key}"`);
  }
  // A table that an operator made has another comment, or none, and is taken as right.
  if (
    table.fixed !== undefined &&
    actual.comment.startsWith('openframe-stream ') &&
    actual.comment !== table.fixed
  ) {
    problems.push(`${table.name} was made with "${actual.comment}", the configuration says "${table.fixed}"`);
  }
  return { changes, problems };
}

/** What is missing or different in the configured keyspace. */
export async function planFor(client: Client, settings: CassandraSettings): Promise<SchemaPlan> {
  const { keyspace } = settings;
  const query = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
  const found = await client.execute(query, [keyspace], { prepare: true, isIdempotent: true });
  const changes: SchemaChange[] = [];
  const problems: string[] = [];
  if (found.rowLength === 0)
    changes.push({ what: `create keyspace ${keyspace}`, cql: createKeyspace(settings) });
  const [actual, indexes] = await Promise.all([
    actualTables(client, keyspace),
    actualIndexes(client, keyspace),
  ]);
  for (const table of tableDefinitions(settings)) {
    const there = actual.get(table.name);
    const plans = [
      there === undefined ? newTable(keyspace, table) : compareTable(keyspace, table, there),
      compareIndexes(keyspace, table, indexes),
    ];
    changes.push(...plans.flatMap((plan) => plan.changes));
    problems.push(...plans.flatMap((plan) => plan.problems));
  }
  return { changes, problems };
}

/** Throws a DependencyError unless the schema is there and as configured. */
export async function requireSchema(client: Client, settings: CassandraSettings): Promise<void> {
  let plan: SchemaPlan;
  try {
    plan = await planFor(client, settings);
  } catch (error) {
    throw cassandraFailure(error, 'reading of the schema');
  }
  const [problem] = plan.problems;
  if (problem !== undefined)
    throw new DependencyError(`Cassandra's schema differs: ${problem}; see: openframe-stream schema plan`);
  const [change] = plan.changes;
  if (change !== undefined) {
    const more = plan.changes.length > 1 ? ` and ${plan.changes.length - 1} more` : '';
    throw new DependencyError(
      `Cassandra's schema lacks "${change.what}"${more}; run: openframe-stream schema apply`,
    );
  }
}
