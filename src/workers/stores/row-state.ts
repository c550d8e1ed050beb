import { type EntityName, versionColumn } from '../../shared/entity.ts';
import { facetsOf } from './cassandra-values.ts';
import type { Row } from './store.ts';

/**
 * What tells one state of a row from another: the versions of its facets and the count of its completions, which every write of the
 * `lwt` mode changes. A row that waits for a key move is in none of these states.
 */
function columnsOf(entity: EntityName): string[] {
  return [...facetsOf(entity).map(versionColumn), 'completions'];
}

/** The condition that a row is in a state, with a place for each value of `stateOf`. */
export function stateCondition(entity: EntityName): string {
  return [...columnsOf(entity).map((column) => `${column} = ?`), 'carry = null'].join(' AND ');
}

export function stateOf({ entity, versions, completions }: Row): (string | number | null)[] {
  return [...facetsOf(entity).map((facet) => versions[facet] ?? null), completions ?? null];
}

/** Whether a refusal's line, which has the columns of all conditions, is of a row in this state. */
export function isInState(row: Row, value: (column: string) => unknown): boolean {
  const state = stateOf(row);
  const isSame = columnsOf(row.entity).every((column, at) => (value(column) ?? null) === state[at]);
  return isSame && (value('carry') ?? null) === null;
}
