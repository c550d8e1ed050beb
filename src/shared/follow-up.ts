import type { ColumnValue, EntityName, Tool } from './entity.ts';
import type { ReferenceEntity } from './reference-table.ts';

/**
 * Work that a change of one row makes at other rows. It follows the change's batch before that is acknowledged, so that a crash in
 * between begins it again; doing it twice changes nothing.
 */
export type FollowUp = ReferenceFollowUp | TruncationFollowUp | WaitingFollowUp | WaitedFollowUp;

/** A row that others refer to has come, has changed what others see of it, or is gone. */
export interface ReferenceFollowUp {
  readonly kind: 'reference';
  readonly entity: ReferenceEntity;
  readonly tool: Tool;
  readonly id: string;
  /** What others saw of it (shared/reference-table.ts); null: there was no such row. */
  readonly before: Readonly<Record<string, ColumnValue | null>> | null;
  /** What others see of it now; null: it is gone. */
  readonly after: Readonly<Record<string, ColumnValue | null>> | null;
  /**
   * The same change was written before, by a process that may have died when others had changed with it and analytics had not heard
   * of them: whatever is looked at is told.
   */
  readonly again: boolean;
}

/** A source table was truncated: its rows of older versions are gone. */
export interface TruncationFollowUp {
  readonly kind: 'truncation';
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly facet: string;
  readonly version: string;
  /** Milliseconds since 1970 UTC. */
  readonly sourceTs: number;
  /** The columns that come from the table. */
  readonly columns: readonly string[];
  /** As of a reference's change. */
  readonly again: boolean;
}

/** Rows wait for references that a provider may know by now. No change stands behind it: main asks for it from time to time. */
export interface WaitingFollowUp {
  readonly kind: 'waiting';
}

/**
 * Rows that waited for a reference that has come, once more: another process may have written one of them since, believing the reference
 * missing and the row on the list of those that wait.
 */
export interface WaitedFollowUp {
  readonly kind: 'waited';
  readonly rows: readonly { readonly entity: EntityName; readonly tool: Tool; readonly id: string }[];
}

/**
 * Whether other processes may still work with what was so before: then it is done once more when their caches have forgotten. Of a row
 * that was not there they know nothing, unless others waited for it.
 */
export function isRepeated(followUp: FollowUp): boolean {
  if (followUp.kind === 'waiting' || followUp.kind === 'waited') return false;
  return followUp.kind === 'truncation' || followUp.before !== null;
}
