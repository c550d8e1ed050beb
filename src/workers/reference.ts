import type { Columns, ColumnValue, EntityName, Tool } from '../shared/entity.ts';
import { MAIN_FACET, TOOLS } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import {
  FACES,
  LOOKUPS,
  PROVIDED_ENTITIES,
  type ReferenceEntity,
  type ReferenceLookup,
} from '../shared/reference-table.ts';
import { table } from '../shared/table.ts';
import { compiled } from './compiled.ts';
import type { Row } from './stores/store.ts';

/** Rows of one entity and tool, as far as others name them by one of their columns. */
export interface ReferenceGroup {
  readonly entity: ReferenceEntity;
  readonly tool: Tool;
  readonly by: ReferenceLookup;
  /** All of that as one text. */
  readonly group: string;
  /** All of that as one number; they are few. */
  readonly number: number;
}

/** By what one row names another. */
export interface ReferenceKey extends ReferenceGroup {
  readonly value: string;
}

const REFERENCE_ENTITIES: readonly ReferenceEntity[] = [...PROVIDED_ENTITIES, 'event_device'];

let numbered = 0;
const groups = table(REFERENCE_ENTITIES, (entity) =>
  table(TOOLS, (tool) =>
    table(LOOKUPS, (by): ReferenceGroup => {
      numbered += 1;
      return { entity, tool, by, group: `${entity}.${by}|${tool}`, number: numbered - 1 };
    }),
  ),
);
/** Always the same object. */
export function referenceGroup(entity: ReferenceEntity, tool: Tool, by: ReferenceLookup): ReferenceGroup {
  return groups[entity][tool][by];
}

export function referenceKey(group: ReferenceGroup, value: string): ReferenceKey {
  const { entity, tool, by, number } = group;
  return { entity, tool, by, group: group.group, number, value };
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
export function referenceName({ group, value }: Pick<ReferenceKey, 'group' | 'value'>): string {
  return `${group}|${value}`;
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
  const keys = [referenceKey(referenceGroup(entity, tool, 'id'), id)];
  if (deleted) return keys;
  for (const by of NAMED_BY[entity] ?? []) {
    const value = face[by];
    if (typeof value === 'string' && value !== '')
      keys.push(referenceKey(referenceGroup(entity, tool, by), value));
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
  const face: Record<string, ColumnValue | null> = {};
  for (const column of FACES[entity]) {
    const value = columns[column];
    face[column] = value === undefined ? (before?.face[column] ?? null) : value;
  }
  return { id, version, deleted, face };
}

function faceOf(entity: ReferenceEntity, columns: Columns): Face {
  const face: Record<string, ColumnValue | null> = {};
  for (const column of FACES[entity]) face[column] = columns[column] ?? null;
  return face;
}

/** Whether others see of a row, after a change of its main facet, what they saw before. */
export function looksAsBefore(
  { deleted, columns }: Mutation,
  entity: ReferenceEntity,
  before: Reference,
): boolean {
  if (deleted || before.deleted) return deleted === before.deleted;
  return SAME_FACE[entity](columns, before.face);
}

type SameFace = (columns: Columns, face: Face) => boolean;

/** Whether columns, as far as they are there, are those of a face; by entity. Every change of a device is asked this, of eleven columns. */
const SAME_FACE = table(REFERENCE_ENTITIES, (entity) => sameFaceOf(FACES[entity]));

function sameFaceOf(names: readonly string[]): SameFace {
  const same = names.map((name) => `(columns.${name}===undefined||columns.${name}===face.${name})`);
  const oneByOne: SameFace = (columns, face) =>
    names.every((name) => columns[name] === undefined || columns[name] === face[name]);
  return compiled<SameFace>(['columns', 'face'], `return ${same.join('&&')}`) ?? oneByOne;
}

export function sameFace(one: Face, other: Face): boolean {
  for (const column in one) if (one[column] !== other[column]) return false;
  return true;
}
