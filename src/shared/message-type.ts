import type { EntityName, Tool } from './entity.ts';
import { MAIN_FACET } from './entity.ts';
import type { SourceDefinition } from './settings.ts';

/**
 * The one table of what is read: a row per source table (or per kind of document) and the canonical row that it feeds. Subscription,
 * decoding, routing and the documentation all follow from it. To read another table: a row here, and a mapping under the same name
 * in workers/sources.
 */

export type Destination = 'cassandra' | 'analytics';

export interface MessageType {
  /** `<tool>.<table>`, or `<tool>.<collection>.<document type>`. A metric label: never holds anything from a record. */
  readonly name: string;
  readonly tool: Tool;
  /** Table or collection as Debezium names it. */
  readonly table: string;
  /** Names that the same table had in earlier versions of the tool. */
  readonly aliases: readonly string[];
  /** MongoDB: the document's `type`. */
  readonly documentType?: string;
  readonly entity: EntityName;
  readonly facet: string;
  readonly destinations: readonly Destination[];
}

interface RowOptions {
  readonly facet?: string;
  readonly aliases?: readonly string[];
  readonly destinations?: readonly Destination[];
}

const EVERYWHERE: readonly Destination[] = ['cassandra', 'analytics'];

function table(tool: Tool, name: string, entity: EntityName, options: RowOptions = {}): MessageType {
  return {
    name: `${tool}.${name}`,
    tool,
    table: name,
    aliases: options.aliases ?? [],
    entity,
    facet: options.facet ?? MAIN_FACET,
    destinations: options.destinations ?? EVERYWHERE,
  };
}

/** A kind of document in MeshCentral's main collection. */
function document(documentType: string, entity: EntityName, options: RowOptions = {}): MessageType {
  const row = table('meshcentral', 'meshcentral', entity, options);
  return { ...row, name: `${row.name}.${documentType}`, documentType };
}

export const messageTypes: readonly MessageType[] = [
  table('tactical-rmm', 'clients_client', 'organisation'),
  table('tactical-rmm', 'clients_site', 'site'),
  table('tactical-rmm', 'agents_agent', 'device'),
  table('tactical-rmm', 'accounts_user', 'user'),
  table('tactical-rmm', 'accounts_role', 'role', { destinations: ['cassandra'] }),

  table('fleet-mdm', 'teams', 'organisation'),
  table('fleet-mdm', 'users', 'user'),
  table('fleet-mdm', 'hosts', 'device'),
  table('fleet-mdm', 'host_seen_times', 'device', { facet: 'host_seen_times' }),
  table('fleet-mdm', 'host_display_names', 'device', { facet: 'host_display_names' }),
  table('fleet-mdm', 'host_disks', 'device', { facet: 'host_disks' }),
  table('fleet-mdm', 'host_mdm', 'device', { facet: 'host_mdm' }),

  document('node', 'device'),
  document('lastconnect', 'device', { facet: 'lastconnect' }),
  document('user', 'user'),

  table('authentik', 'authentik_core_user', 'user'),
];

/** What is read from one table: `whole` for a relational table, `byDocument` for a collection of several kinds of documents. */
export interface MappedTable {
  readonly whole: MessageType | undefined;
  readonly byDocument: ReadonlyMap<string, MessageType>;
}

const mappedTables: ReadonlyMap<string, MappedTable> = (() => {
  const tables = new Map<string, { whole: MessageType | undefined; byDocument: Map<string, MessageType> }>();
  for (const type of messageTypes) {
    for (const name of [type.table, ...type.aliases]) {
      const key = `${type.tool}.${name}`;
      const entry = tables.get(key) ?? { whole: undefined, byDocument: new Map<string, MessageType>() };
      if (type.documentType === undefined) entry.whole = type;
      else entry.byDocument.set(type.documentType, type);
      tables.set(key, entry);
    }
  }
  return tables;
})();

/** What is read from a tool's table, present or earlier name; undefined when nothing is. */
export function mappedTable(tool: Tool, table: string): MappedTable | undefined {
  return mappedTables.get(`${tool}.${table}`);
}

/** The message type of a table's rows, or of a collection's documents of one type. */
export function findMessageType(tool: Tool, table: string, documentType?: string): MessageType | undefined {
  const mapped = mappedTable(tool, table);
  return documentType === undefined ? mapped?.whole : mapped?.byDocument.get(documentType);
}

const escapeForRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');

/**
 * Topics to subscribe to, as librdkafka takes them (POSIX extended, anchored): one pattern for each topic prefix, of mapped tables
 * only. The end is anchored behind the table's name, so that `<topic>.DLQ` never matches.
 */
export function subscriptionPatterns(sources: readonly SourceDefinition[]): string[] {
  const patterns = new Set<string>();
  for (const source of sources) {
    const names = new Set<string>();
    for (const type of messageTypes) {
      if (type.tool === source.tool) for (const name of [type.table, ...type.aliases]) names.add(name);
    }
    if (names.size === 0) continue;
    const tables = [...names].map(escapeForRegex).join('|');
    patterns.add(`^${escapeForRegex(source.topicPrefix)}\\.[^.]+\\.(${tables})$`);
  }
  return [...patterns];
}
