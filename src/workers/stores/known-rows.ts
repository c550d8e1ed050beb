import { LRUCache } from 'lru-cache';
import { ENTITIES } from '../../shared/entity.ts';
import type { Mutation } from '../../shared/mutation.ts';
import { textLength } from './column-values.ts';
import { rowName } from './row.ts';
import type { Row, RowKey } from './store.ts';

/** Rough bytes of a row beside its texts: the map's node, the objects, and a place for each column. */
const ROW_BYTES = 600;
const COLUMN_BYTES = 48;

/**
 * Rows as this process last saw them. The versions of its facets and its count of completions tell one state of a row from another, so
 * a write whose condition is all of these, and which is applied, leaves a row that is known without reading it. A row that is out of
 * date here costs a refusal and is forgotten: nothing is believed that Cassandra did not confirm.
 */
export class KnownRows {
  readonly #rows: LRUCache<string, Row>;

  constructor(bytesMax: number) {
    this.#rows = new LRUCache({ maxSize: Math.max(1, bytesMax), sizeCalculation: bytesOf });
  }

  get(key: RowKey): Row | undefined {
    return this.#rows.get(rowName(key));
  }

  /** Not kept: markers and what happened, which end by themselves, and rows that wait for a key move. */
  learn(row: Row): void {
    if (row.deleted || row.carry !== undefined || ENTITIES[row.entity].history) this.forget(row);
    else this.#rows.set(rowName(row), row);
  }

  forget(key: RowKey): void {
    this.#rows.delete(rowName(key));
  }

  /** The rows of written changes, as far as they are known in a state that has the change in it. */
  ofWritten(mutations: readonly Mutation[]): { readonly rows: Map<string, Row>; readonly others: string[] } {
    const rows = new Map<string, Row>();
    const others = new Set<string>();
    for (const mutation of mutations) {
      const row = this.get(mutation);
      const version = row?.versions[mutation.facet];
      if (row !== undefined && version !== undefined && version >= mutation.version)
        rows.set(mutation.id, row);
      else others.add(mutation.id);
    }
    return { rows, others: [...others] };
  }
}

function bytesOf(row: Row, name: string): number {
  const columns = Object.keys(row.columns).length;
  return ROW_BYTES + COLUMN_BYTES * columns + 2 * (name.length + textLength(row.columns));
}
