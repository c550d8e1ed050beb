import type { Columns, EntityName, Tool } from './entity.ts';

/** One change of one facet of one canonical row, as decoded from one record (or merged from several of them). */
export interface Mutation {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly id: string;
  /** `main` or the name of a contributing source table. */
  readonly facet: string;
  /** Sortable text, see version.ts. Comparable between changes of the same row and facet only. */
  readonly version: string;
  /** When the source committed it, milliseconds since 1970 UTC. */
  readonly sourceTs: number;
  /** Whether the facet's source row is gone afterwards. Of the main facet: the row becomes a marker. */
  readonly deleted: boolean;
  /** Columns to write: absent = unchanged, null = the source says null. A delete carries null for every column of its mapping. */
  readonly columns: Columns;
  /**
   * Set on the insert half of a key move: columns whose values exist only in the row of the old key. `version` is that of the move,
   * where it is not the mutation's own.
   */
  readonly carry?: {
    readonly fromId: string;
    readonly version?: string;
    readonly columns: readonly string[];
  };
  /** Set on the delete half of a key move: the new key. */
  readonly movedTo?: string;
}

/** What the analytics record says happened. */
export const OPERATIONS = ['create', 'update', 'delete', 'snapshot'] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * Rows of another entity that exist only inside of this change's source row (the members in a MeshCentral user group's document):
 * those in `rows` are there, and every other row of the entity whose `column` has the value `value` is gone.
 */
export interface OwnedRows {
  readonly entity: EntityName;
  readonly column: string;
  readonly value: string;
  readonly rows: readonly Mutation[];
}

/** A mutation with what is needed to tell analytics of it. */
export interface Change {
  readonly mutation: Mutation;
  readonly operation: Operation;
  /** The source left mapped columns out (unchanged out-of-line values): the mutation alone is not the whole row. */
  readonly partial?: boolean;
  readonly owned?: OwnedRows;
}

/** What became of a mutation at the store. `stale`: a newer version is there; `duplicate`: the same version is there. */
export type WriteOutcome = 'written' | 'stale' | 'duplicate';
