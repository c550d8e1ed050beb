import type { EntityName, Tool } from './entity.ts';
import { MAIN_FACET } from './entity.ts';
import type { SourceDefinition } from './settings.ts';

/**
 * The one table of what is read: a row per source table (or per kind of document) and the canonical row that it feeds. Subscription,
 * decoding, routing and the documentation all follow from it. To read another table: a row here, and a mapping under the same name
 * in workers/sources.
 */

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
}

interface RowOptions {
  /** Behind the table's name, where one table feeds several entities. */
  readonly as?: string;
  readonly facet?: string;
  readonly aliases?: readonly string[];
}

function table(tool: Tool, name: string, entity: EntityName, options: RowOptions = {}): MessageType {
  return {
    name: `${tool}.${name}${options.as === undefined ? '' : `.${options.as}`}`,
    tool,
    table: name,
    aliases: options.aliases ?? [],
    entity,
    facet: options.facet ?? MAIN_FACET,
  };
}

/** A kind of document in MeshCentral's main collection. */
function document(documentType: string, entity: EntityName, options: RowOptions = {}): MessageType {
  const row = table('meshcentral', 'meshcentral', entity, options);
  return { ...row, name: `${row.name}.${documentType}`, documentType };
}

const EVENT: RowOptions = { as: 'event' };

export const messageTypes: readonly MessageType[] = [
  table('tactical-rmm', 'clients_client', 'organisation'),
  table('tactical-rmm', 'clients_site', 'site'),
  table('tactical-rmm', 'agents_agent', 'device'),
  table('tactical-rmm', 'accounts_user', 'user'),
  table('tactical-rmm', 'accounts_role', 'role'),
  table('tactical-rmm', 'scripts_script', 'script'),
  table('tactical-rmm', 'automation_policy', 'policy'),
  table('tactical-rmm', 'checks_check', 'check'),
  table('tactical-rmm', 'checks_checkresult', 'check_result'),
  table('tactical-rmm', 'autotasks_automatedtask', 'task'),
  table('tactical-rmm', 'autotasks_taskresult', 'task_result'),
  table('tactical-rmm', 'alerts_alert', 'alert'),
  table('tactical-rmm', 'alerts_alert', 'event', EVENT),
  table('tactical-rmm', 'logs_auditlog', 'event'),
  table('tactical-rmm', 'agents_agenthistory', 'event'),

  table('fleet-mdm', 'teams', 'organisation'),
  table('fleet-mdm', 'users', 'user'),
  table('fleet-mdm', 'hosts', 'device'),
  table('fleet-mdm', 'host_seen_times', 'device', { facet: 'host_seen_times' }),
  table('fleet-mdm', 'host_display_names', 'device', { facet: 'host_display_names' }),
  table('fleet-mdm', 'host_disks', 'device', { facet: 'host_disks' }),
  table('fleet-mdm', 'host_mdm', 'device', { facet: 'host_mdm' }),
  table('fleet-mdm', 'labels', 'group'),
  table('fleet-mdm', 'label_membership', 'group_member'),
  table('fleet-mdm', 'scripts', 'script'),
  table('fleet-mdm', 'policies', 'policy'),
  table('fleet-mdm', 'policy_membership', 'policy_result'),
  table('fleet-mdm', 'policy_membership', 'event', EVENT),
  table('fleet-mdm', 'queries', 'query'),
  table('fleet-mdm', 'query_results', 'query_result'),
  table('fleet-mdm', 'activity_past', 'event', { aliases: ['activities'] }),
  table('fleet-mdm', 'activity_host_past', 'event_device', {
    aliases: ['host_activities'],
  }),
  table('fleet-mdm', 'host_script_results', 'event'),

  document('node', 'device'),
  document('lastconnect', 'device', { facet: 'lastconnect' }),
  document('user', 'user'),
  document('ugrp', 'group'),
  document('mesh', 'group'),
  table('meshcentral', 'events', 'event'),

  table('authentik', 'authentik_core_user', 'user'),
  table('authentik', 'authentik_core_group', 'group'),
  table('authentik', 'authentik_core_user_groups', 'group_member', {
    aliases: ['authentik_core_user_ak_groups'],
  }),
  table('authentik', 'authentik_events_event', 'event'),
];

/**
 * What is read from one table: `rows` when every row of it (or document of a collection) feeds the same entities, `byDocument` for a
 * collection of several kinds of documents.
 */
export interface MappedTable {
  readonly rows: readonly MessageType[];
  readonly byDocument: ReadonlyMap<string, MessageType>;
}

const mappedTables: ReadonlyMap<string, MappedTable> = (() => {
  const tables = new Map<string, { rows: MessageType[]; byDocument: Map<string, MessageType> }>();
  for (const type of messageTypes) {
    for (const name of [type.table, ...type.aliases]) {
      const key = `${type.tool}.${name}`;
      const entry = tables.get(key) ?? { rows: [], byDocument: new Map<string, MessageType>() };
      if (type.documentType === undefined) entry.rows.push(type);
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

const escapeForRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');

/**
 * Topics to subscribe to, as librdkafka takes them (POSIX extended, anchored): one pattern for each topic prefix, of mapped tables
 * only, whatever the schema (of SQL Server, the database and the schema). The end is anchored behind the table's name, so that
 * `<topic>.DLQ` never matches.
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
    patterns.add(`^${escapeForRegex(source.topicPrefix)}(\\.[^.]+)?\\.[^.]+\\.(${tables})$`);
  }
  return [...patterns];
}

const FACETED = new Set(
  messageTypes.filter(({ facet }) => facet !== MAIN_FACET).map(({ entity, tool }) => `${entity}|${tool}`),
);

/** Whether several source tables feed a row of this entity and tool: no change of one of them is the whole row. */
export function isFaceted(entity: EntityName, tool: Tool): boolean {
  return FACETED.has(`${entity}|${tool}`);
}
