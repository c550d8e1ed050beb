import type { Columns, ColumnValue, EntityName, Tool } from '../shared/entity.ts';
import { MAIN_FACET } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import { FACES, type ReferenceEntity, type ReferenceLookup } from '../shared/reference-table.ts';
import type { Row } from './stores/store.ts';

/** By what one row names another. */
export interface ReferenceKey {
  readonly entity: ReferenceEntity;
  readonly tool: Tool;
  readonly by: ReferenceLookup;
  readonly value: string;
}

/** What others see of a row that they refer to. */
export interface Reference {
  readonly id: string;
  /** Of the row's main facet. */
  readonly version: string;
  /** Its row is a marker: there is nothing to take, and nothing to wait for. */
  readonly deleted: boolean;
  /** The columns of its face (shared/reference-table.ts); null where the row has none. */
  readonly face: Face;
}
export type Face = Readonly<Record<string, ColumnValue | null>>;

/** A key as text: the reference's name in the cache, on the shared board and in the store's list of waiting rows. */
export function referenceName({ entity, tool, by, value }: ReferenceKey): string {
  return `${entity}.${by}|${tool}|${value}`;
}

export function isReference(entity: EntityName): entity is ReferenceEntity {
  return entity in FACES;
}

/** Lookups beside the id under which rows of an entity are named by others. */
const NAMED_BY: Partial<Record<ReferenceEntity, readonly ('device_key' | 'mesh_node_id')[]>> = {
  device: ['device_key', 'mesh_node_id'],
};

/** Every key under which others name this row. */
export function keysOf(
  entity: ReferenceEntity,
  tool: Tool,
  { id, deleted, face }: Pick<Reference, 'id' | 'deleted' | 'face'>,
): ReferenceKey[] {
  const keys: ReferenceKey[] = [{ entity, tool, by: 'id', value: id }];
  if (deleted) return keys;
  for (const by of NAMED_BY[entity] ?? []) {
    const value = face[by];
    if (typeof value === 'string' && value !== '') keys.push({ entity, tool, by, value });
  }
  return keys;
}

/** What a stored row shows to others; null for a row of which only facets are known. */
export function referenceOfRow(row: Row): Reference | null {
  const version = row.versions[MAIN_FACET];
  if (version === undefined || !isReference(row.entity)) return null;
  return {
    id: row.id,
    version,
    deleted: row.deleted,
    face: faceOf(row.entity, row.deleted ? {} : row.columns),
  };
}

/** What a row shows after a change of its main facet; `before` is what it showed. */
export function referenceAfter(
  mutation: Mutation,
  entity: ReferenceEntity,
  before: Reference | null,
): Reference {
  const { id, version, deleted, columns } = mutation;
  if (deleted) return { id, version, deleted, face: faceOf(entity, {}) };
  return { id, version, deleted, face: faceOf(entity, { ...before?.face, ...columns }) };
}

function faceOf(entity: ReferenceEntity, columns: Columns): Face {
  const face: Record<string, ColumnValue | null> = {};
  for (const column of FACES[entity]) face[column] = columns[column] ?? null;
  return face;
}

export function sameFace(one: Face, other: Face): boolean {
  for (const column in one) if (one[column] !== other[column]) return false;
  return true;
}
