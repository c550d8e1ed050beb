import { LRUCache } from 'lru-cache';
import type { EntityName, Tool } from '../../shared/entity.ts';

/** What is remembered of a facet that has no version in its row. */
const NONE = '';

/**
 * Versions that this process has seen in the store, by row and facet. Versions only rise, so a known one is a lower bound: it decides
 * what is stale without asking, and picks the condition that will hold unless another process has been there.
 */
export class KnownVersions {
  readonly #versions: LRUCache<string, string>;

  constructor(max: number) {
    this.#versions = new LRUCache({ max });
  }

  /** Undefined: nothing is known. Null: the facet had no version, or the row was not there. */
  get(entity: EntityName, tool: Tool, id: string, facet: string): string | null | undefined {
    const version = this.#versions.get(key(entity, tool, id, facet));
    return version === NONE ? null : version;
  }

  learn(entity: EntityName, tool: Tool, id: string, facet: string, version: string | null): void {
    this.#versions.set(key(entity, tool, id, facet), version ?? NONE);
  }
}

/** The id comes last: it alone may hold the separator. */
function key(entity: EntityName, tool: Tool, id: string, facet: string): string {
  return `${entity}|${tool}|${facet}|${id}`;
}
