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
  /** For now: nothing is mapped from the table yet. */
  readonly empty: boolean;
  readonly #byDocument: ReadonlyMap<string, BoundMapping>;

  constructor(rows: readonly BoundMapping[], byDocument: ReadonlyMap<string, BoundMapping>) {
    this.rows = rows;
    this.#byDocument = byDocument;
    this.empty = rows.length + byDocument.size === 0;
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

  constructor(mappings: Readonly<Record<string, Mapping>>) {
    for (const type of messageTypes) {
      const mapping = mappings[type.name];
      // Until every message type has its mapping, those without one are left out.
      if (mapping !== undefined) this.#bound.set(type, new BoundMapping(type, mapping));
    }
  }

  of(mapped: MappedTable): BoundTable {
    return this.#tables.get(mapped) ?? this.#together(mapped);
  }

  #together(mapped: MappedTable): BoundTable {
    const { rows, byDocument } = mapped;
    const ofType = (type: MessageType): BoundMapping[] => {
      const bound = this.#bound.get(type);
      return bound === undefined ? [] : [bound];
    };
    const kinds = [...byDocument].flatMap(([name, type]) =>
      ofType(type).map((bound) => [name, bound] as const),
    );
    const table = new BoundTable(rows.flatMap(ofType), new Map(kinds));
    this.#tables.set(mapped, table);
    return table;
  }
}
