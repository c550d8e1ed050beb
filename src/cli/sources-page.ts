import {
  columnType,
  ENTITIES,
  ENTITY_NAMES,
  type EntityName,
  MAIN_FACET,
  TOOLS,
  type Tool,
} from '../shared/entity.ts';
import { createEventTypes, EVENT_TYPE_TABLES, eventTypeRows } from '../shared/event-type.ts';
import { codes, markdownTable } from '../shared/markdown.ts';
import { type MessageType, messageTypes } from '../shared/message-type.ts';
import { REFERENCES } from '../shared/reference-table.ts';
import { guardsOf } from '../workers/guard-table.ts';
import type { Mapping } from '../workers/mapping.ts';
import { mappings } from '../workers/mappings.ts';
import { columnsRead } from './columns-read.ts';

/** docs/sources.md: what is read and what becomes of it, out of the tables in the code. A test keeps the file equal to this. */
export function sourcesPage(): string {
  return [
    '# Sources',
    '',
    '<!-- Made by `openframe-stream config docs --page sources`; do not edit. -->',
    '',
    'What is read, what it becomes, and what is done to it on the way.',
    '',
    '- [Tables](#tables): every source table with the entity and the columns that it feeds',
    '- [References](#references): what rows take from other rows',
    '- [Guards](#guards): what is done to values that cannot be',
    '- [Event types](#event-types): what the tools’ own names of events become',
    '- [Entities](#entities): every column with its type',
    '',
    ...tables(),
    ...references(),
    ...guards(),
    ...eventTypes(),
    ...entities(),
  ].join('\n');
}

const MAPPINGS: Readonly<Record<string, Mapping>> = mappings(createEventTypes());

function ofTool(tool: Tool): readonly MessageType[] {
  return messageTypes.filter((type) => type.tool === tool);
}

function tables(): string[] {
  return [
    '## Tables',
    '',
    'A column is read from the source’s column of the same name, or from those behind the arrow: a dash is the change itself, or the same',
    'for every row, a star whatever else the row holds. A row’s id is the text in front of the arrow and the key columns; where a change is',
    'something that happened, the occasion follows behind. A facet is a table whose columns belong to a row of another one.',
    '',
    ...TOOLS.flatMap((tool) => [
      `### ${tool}`,
      '',
      ...markdownTable(
        ['table', 'becomes', 'id', 'columns'],
        ofTool(tool).map((type) => [tableText(type), becomesText(type), idText(type), columnsText(type)]),
      ),
      '',
    ]),
  ];
}

function tableText({ table, aliases, documentType }: MessageType): string {
  const earlier = aliases.length === 0 ? '' : `, earlier ${codes(aliases)}`;
  return `\`${table}\`${earlier}${documentType === undefined ? '' : ` of type \`${documentType}\``}`;
}

function becomesText(type: MessageType): string {
  const { entity, facet, name } = type;
  const owned = MAPPINGS[name]?.owned;
  return [
    `\`${entity}\``,
    facet === MAIN_FACET ? '' : `, facet \`${facet}\``,
    owned === undefined ? '' : `, and \`${owned.entity}\` for what is inside of it`,
    ENTITIES[entity].analyticsTopic === null ? ', store only' : '',
  ].join('');
}

function idText({ name }: MessageType): string {
  const mapping = MAPPINGS[name];
  if (mapping === undefined) return '–';
  const key = mapping.key.length === 0 ? '`_id`' : `\`${mapping.key.join(':')}\``;
  const start = mapping.idStart === undefined ? '' : `\`${mapping.idStart}\` → `;
  const dropped = mapping.idDrop === undefined ? '' : ` behind \`${mapping.idPrefix}\``;
  return `${start}${key}${mapping.idPrefix === '' ? '' : dropped}${mapping.occasions === undefined ? '' : ', by occasion'}`;
}

function columnsText({ name }: MessageType): string {
  const mapping = MAPPINGS[name];
  if (mapping === undefined) return '–';
  const document = mapping.key.length === 0;
  return Object.entries(mapping.columns)
    .map(([column, convert]) => {
      const read = columnsRead(convert, document);
      if (read.length === 1 && read[0] === column) return `\`${column}\``;
      return `\`${column}\` ← ${read.length === 0 ? '–' : read.map((one) => `\`${one}\``).join(' ')}`;
    })
    .join(', ');
}

function references(): string[] {
  const rows = REFERENCES.map(({ entity, tools, idPrefix, column, to, by, toTool, fills }) => [
    codes(typeof entity === 'string' ? [entity] : entity),
    tools === undefined ? 'all' : codes(tools),
    `\`${column}\`${idPrefix === undefined ? '' : `, of ids that begin with \`${idPrefix}\``}`,
    `\`${to}\` by \`${by}\`${toTool === undefined ? '' : ` of \`${toTool}\``}`,
    Object.entries(fills)
      .map(([own, other]) => (own === other ? `\`${own}\`` : `\`${own}\` ← \`${other}\``))
      .join(', '),
  ]);
  return [
    '## References',
    '',
    'In the order in which they are followed. A row whose reference is not there yet is written without, and completed when it comes; one',
    'whose reference changes is completed again.',
    '',
    ...markdownTable(['rows of', 'tools', 'column', 'names a', 'takes'], rows),
    '',
  ];
}

function guards(): string[] {
  return [
    '## Guards',
    '',
    '`fix` bounds or clears the value, `keep` only counts, `drop` makes nothing of the row, `reject` sends the record to the dead letters.',
    'All are counted in `openframe_stream_guard_total{message_type, rule}`. `*` is every column.',
    '',
    ...markdownTable(['message type', 'rule', 'does', 'columns', 'detail'], messageTypes.flatMap(guardRows)),
    '',
  ];
}

/** Guards that differ in nothing but their column in one row. */
function guardRows(type: MessageType): string[][] {
  const rows = new Map<
    string,
    { readonly texts: readonly [string, string, string]; readonly columns: string[] }
  >();
  for (const { rule, action, detail, column } of guardsOf(
    type,
    Object.keys(MAPPINGS[type.name]?.columns ?? {}),
  )) {
    const name = `${rule} ${action} ${detail}`;
    const row = rows.get(name) ?? { texts: [rule, action, detail], columns: [] };
    row.columns.push(column);
    rows.set(name, row);
  }
  return [...rows.values()].map(({ texts: [rule, action, detail], columns }, index) => [
    index === 0 ? `\`${type.name}\`` : '',
    `\`${rule}\``,
    action,
    codes(columns),
    detail,
  ]);
}

const BASES = {
  reference: 'as OpenFrame',
  earlier: 'as OpenFrame before',
  advised: 'as advised',
  suggested: 'by analogy',
  unmapped: 'known, no type says it',
} as const;

function eventTypes(): string[] {
  return [
    '## Event types',
    '',
    'A name behind a colon tells apart events of one source type. `events.types` of the configuration adds to these and wins over them;',
    'a source type that is in neither is `UNKNOWN` and counted in `openframe_stream_unmapped_events_total{tool, source_type}`.',
    '',
    ...TOOLS.filter((tool) => EVENT_TYPE_TABLES[tool] !== undefined).flatMap((tool) => [
      `### Events of ${tool}`,
      '',
      ...markdownTable(['event type', 'severity', 'source types', 'mapped'], eventTypeTable(tool)),
      '',
    ]),
  ];
}

/** Source types under the type that they become, apart by where that comes from. */
function eventTypeTable(tool: Tool): string[][] {
  const rows = new Map<
    string,
    { readonly texts: readonly [string, string, string]; readonly sources: string[] }
  >();
  for (const { eventType, severity, basis, sourceType } of eventTypeRows().filter(
    (row) => row.tool === tool,
  )) {
    const name = `${eventType} ${basis}`;
    const row = rows.get(name) ?? { texts: [eventType, severity, BASES[basis]], sources: [] };
    row.sources.push(sourceType);
    rows.set(name, row);
  }
  return [...rows.values()].map(({ texts: [eventType, severity, basis], sources }) => [
    `\`${eventType}\``,
    severity,
    codes(sources),
    basis,
  ]);
}

function entities(): string[] {
  return [
    '## Entities',
    '',
    'Beside these columns every row has its key, a version and a time of the source’s commit for each facet, and whether it is deleted.',
    '',
    ...ENTITY_NAMES.flatMap(entity),
  ];
}

function entity(name: EntityName): string[] {
  const { table, analyticsTopic, facets, indexes, history } = ENTITIES[name];
  return [
    `### ${name}`,
    '',
    `- table \`${table}\`, ${analyticsTopic === null ? 'no analytics' : `analytics topic \`${analyticsTopic}\``}`,
    ...(facets.length === 0 ? [] : [`- facets: ${codes(facets)}`]),
    ...(indexes.length === 0 ? [] : [`- found by: ${codes(indexes)}`]),
    ...(history ? ['- history: deletes of the source do not reach it'] : []),
    `- fed by: ${codes(messageTypes.filter((type) => type.entity === name).map((type) => type.name))}`,
    '',
    ...markdownTable(['type', 'columns'], columnsByType(name)),
    '',
  ];
}

function columnsByType(name: EntityName): string[][] {
  const types = new Map<string, string[]>();
  for (const column of Object.keys(ENTITIES[name].columns)) {
    const type = columnType(name, column);
    types.set(type, [...(types.get(type) ?? []), column]);
  }
  return [...types].map(([type, columns]) => [codes([type]), codes(columns)]);
}
