import { must } from '../shared/assert.ts';
import { type MappedTable, type MessageType, messageTypes } from '../shared/message-type.ts';
import type { Json } from './json-text.ts';
import { BoundMapping, type Mapping } from './mapping.ts';

/** A source table with the mappings of everything that it feeds. */
export class BoundTable {
  /** Documents, not rows. */
  readonly collection: boolean;
  /** Key columns; none for a collection. */
  readonly key: readonly string[];
  /** What every row feeds. */
  readonly rows: readonly BoundMapping[];
  /** What a truncate empties: everything but history. */
  readonly state: readonly MessageType[];
  readonly #byDocument: ReadonlyMap<string, BoundMapping>;

  constructor(rows: readonly BoundMapping[], byDocument: ReadonlyMap<string, BoundMapping>) {
    this.rows = rows;
    this.#byDocument = byDocument;
    this.key = rows[0]?.mapping.key ?? [];
    this.collection = this.key.length === 0;
    this.state = [...rows, ...byDocument.values()].filter(({ history }) => !history).map(({ type }) => type);
  }

  /** The mapping of a document by its `type`; of a collection that is all of one kind, its only one. */
  ofDocument(type: Json | undefined): BoundMapping | undefined {
    if (this.#byDocument.size === 0) return this.rows[0];
    return typeof type === 'string' ? this.#byDocument.get(type) : undefined;
  }

  /** The mapping of a document by its `_id`. */
  ofId(id: string): BoundMapping | undefined {
    if (this.#byDocument.size === 0) return this.rows[0];
    for (const bound of this.#byDocument.values()) {
      const prefix = bound.mapping.idPrefix;
      if (prefix !== undefined && id.startsWith(prefix)) return bound;
    }
    return undefined;
  }
}

/** All mappings, bound to their message types at start. */
export class BoundTables {
  readonly #bound = new Map<MessageType, BoundMapping>();
  readonly #tables = new Map<MappedTable, BoundTable>();

  /** Throws for a message type without a mapping, and for a mapping that does not fit its entity. */
  constructor(mappings: Readonly<Record<string, Mapping>>) {
    for (const type of messageTypes) {
      const mapping = mappings[type.name];
      if (mapping === undefined)
        throw new Error(`message type ${type.name} has no mapping in workers/sources`);
      this.#bound.set(type, new BoundMapping(type, mapping));
    }
  }

  of(mapped: MappedTable): BoundTable {
    return this.#tables.get(mapped) ?? this.#together(mapped);
  }

  #together(mapped: MappedTable): BoundTable {
    const { rows, byDocument } = mapped;
    const boundTo = (type: MessageType): BoundMapping => must(this.#bound.get(type), type.name);
    const kinds = [...byDocument].map(([name, type]) => [name, boundTo(type)] as const);
    const table = new BoundTable(rows.map(boundTo), new Map(kinds));
    this.#tables.set(mapped, table);
    return table;
  }
}
