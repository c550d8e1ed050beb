import type { Tool } from '../shared/entity.ts';
import type { SourceRecord } from '../shared/record.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import type { JsonObject } from './json-text.ts';

/** Values of OpenFrame's own header, for connectors whose topics are named after something else than the connector. */
const MESSAGE_TYPE_HEADER = 'message-type';
const HEADER_TOOLS: Readonly<Record<string, Tool>> = {
  TACTICAL_RMM_EVENT: 'tactical-rmm',
  FLEET_MDM_EVENT: 'fleet-mdm',
  MESHCENTRAL_EVENT: 'meshcentral',
};

/** Finds out which connector a record comes from: by its topic, else by its header, else by what it says itself. */
export class SourceFinder {
  readonly #sources: readonly SourceDefinition[];

  constructor(sources: readonly SourceDefinition[]) {
    this.#sources = sources;
  }

  /** By the topic's first segment, `topic.prefix`; the longest one, since a prefix may hold dots. */
  ofTopic(topic: string): SourceDefinition | undefined {
    let found: SourceDefinition | undefined;
    for (const source of this.#sources) {
      const longer = found === undefined || source.topicPrefix.length > found.topicPrefix.length;
      if (longer && topic.startsWith(`${source.topicPrefix}.`)) found = source;
    }
    return found;
  }

  /** For a record whose topic does not tell. */
  ofRecord(record: SourceRecord, source: JsonObject): SourceDefinition | undefined {
    const tool = HEADER_TOOLS[record.header(MESSAGE_TYPE_HEADER) ?? ''];
    const named = this.#sources.find((definition) => definition.topicPrefix === source.name);
    if (tool === undefined || named?.tool === tool) return named;
    return this.#sources.find((definition) => definition.tool === tool);
  }
}
