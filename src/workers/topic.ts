import { type MappedTable, mappedTable } from '../shared/message-type.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import { HEARTBEAT_TOPICS } from './debezium-envelope.ts';
import { EnvelopeSlicer } from './envelope-slice.ts';
import type { JsonObject } from './json-text.ts';
import { SchemaWrapper } from './schema-wrapper.ts';
import type { SourceFinder } from './source-finder.ts';

/** What is known of a topic: found once, at its first record. */
export interface Topic {
  readonly heartbeat: boolean;
  /** Undefined when the topic's name does not tell the connector. */
  readonly source: SourceDefinition | undefined;
  /** The topic's last segment. */
  readonly table: string;
  readonly mapped: MappedTable | undefined;
  readonly key: SchemaWrapper;
  readonly value: SchemaWrapper;
  readonly slicer: EnvelopeSlicer;
}

export class Topics {
  readonly #finder: SourceFinder;
  readonly #known = new Map<string, Topic>();

  constructor(finder: SourceFinder) {
    this.#finder = finder;
  }

  of(name: string): Topic {
    return this.#known.get(name) ?? this.#learn(name);
  }

  #learn(name: string): Topic {
    const source = this.#finder.ofTopic(name);
    const table = name.slice(name.lastIndexOf('.') + 1);
    const topic: Topic = {
      heartbeat: name.startsWith(HEARTBEAT_TOPICS),
      source,
      table,
      mapped: source && mappedTable(source.tool, table),
      key: new SchemaWrapper(),
      value: new SchemaWrapper(),
      slicer: new EnvelopeSlicer(),
    };
    this.#known.set(name, topic);
    return topic;
  }
}

/** The table or collection that a record is of: what its `source` says, else the topic's last segment. */
export function tableOf(source: JsonObject, topic: Topic): string {
  const { table, collection } = source;
  if (typeof table === 'string' && table !== '') return table;
  return typeof collection === 'string' && collection !== '' ? collection : topic.table;
}
