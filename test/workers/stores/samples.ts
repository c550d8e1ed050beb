import { type Columns, ENTITIES, type EntityName, MAIN_FACET } from '../../../src/shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../../src/shared/mutation.ts';
import { postgresVersion } from '../../../src/shared/version.ts';
import type { KeyMove, Row, Store } from '../../../src/workers/stores/store.ts';

export const TOOL = 'fleet-mdm';

/** Version number `n` of a source row; odd lengths of digits must not matter, hence through the real function. */
export function version(n: number): string {
  return postgresVersion(1, n, false);
}

/** A device's mutation at version `n`. */
export function device(id: string, n: number, columns: Columns, more: Partial<Mutation> = {}): Mutation {
  return {
    entity: 'device',
    tool: TOOL,
    id,
    facet: MAIN_FACET,
    version: version(n),
    sourceTs: 1_700_000_000_000 + n,
    deleted: false,
    columns,
    ...more,
  };
}

export function facet(id: string, name: string, n: number, columns: Columns): Mutation {
  return device(id, n, columns, { facet: name });
}

export function deletion(id: string, n: number, columns: readonly string[] = ['hostname', 'cpu']): Mutation {
  return device(id, n, Object.fromEntries(columns.map((column) => [column, null])), { deleted: true });
}

export function facetDeletion(id: string, name: string, n: number, columns: readonly string[]): Mutation {
  const nulls = Object.fromEntries(columns.map((column) => [column, null]));
  return device(id, n, nulls, { facet: name, deleted: true });
}

export function move(fromId: string, n: number): KeyMove {
  return { entity: 'device', tool: TOOL, fromId, version: version(n) };
}

let counter = 0;
/** An id that no other test of this run has. */
export function freshId(): string {
  counter += 1;
  return `id-${process.pid}-${counter}`;
}

/** Fresh ids that share a bucket. */
export function freshIds(store: Store, count: number): string[] {
  const first = freshId();
  const ids = [first];
  while (ids.length < count) {
    const id = freshId();
    if (store.bucketOf(id) === store.bucketOf(first)) ids.push(id);
  }
  return ids;
}

export async function readOne(
  store: Store,
  id: string,
  entity: EntityName = 'device',
): Promise<Row | undefined> {
  return (await store.read(entity, TOOL, [id])).get(id);
}

export const FACETS: readonly string[] = ENTITIES.device.facets;

export async function writeOne(store: Store, mutation: Mutation): Promise<WriteOutcome | undefined> {
  return (await store.write([mutation]))[0];
}
