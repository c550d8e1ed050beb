import { type Columns, MAIN_FACET } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';
import type { Change, Mutation, Operation, OwnedRows } from '../shared/mutation.ts';
import type { BoundTable } from './mapped-table.ts';
import type { OwnedMapping, OwnedRow } from './mapping.ts';
import type { RowChange } from './row.ts';
import type { Topic } from './topic.ts';

/** A change on its way through the decoder. */
export interface Reading extends RowChange {
  readonly topic: Topic;
  readonly table: BoundTable;
  readonly version: string;
  readonly key: string;
  /** The text was read by `parseExact`. */
  readonly exact: boolean;
}

const OPERATIONS: Readonly<Record<'c' | 'u' | 'd' | 'r', Operation>> = {
  c: 'create',
  u: 'update',
  d: 'delete',
  r: 'snapshot',
};

/** What a reading says of one row. `partial`: not every mapped column is in `columns`. */
export function changeOf(
  reading: Reading,
  type: MessageType,
  id: string,
  columns: Columns,
  partial = false,
): Change {
  const mutation: Mutation = {
    entity: type.entity,
    tool: type.tool,
    id,
    facet: type.facet,
    version: reading.version,
    sourceTs: reading.sourceTs,
    deleted: reading.op === 'd',
    columns,
  };
  return { mutation, operation: OPERATIONS[reading.op], partial };
}

/** The rows that an owner has from now on. */
export function ownedRows(
  owner: Mutation,
  { entity, column }: OwnedMapping,
  rows: readonly OwnedRow[],
): OwnedRows {
  const { tool, version, sourceTs } = owner;
  return {
    entity,
    column,
    value: owner.id,
    rows: rows.map(({ id, columns }) => {
      return { entity, tool, id, facet: MAIN_FACET, version, sourceTs, deleted: false, columns };
    }),
  };
}
