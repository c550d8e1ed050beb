import { isDeepStrictEqual } from 'node:util';
import { ENTITIES, type EntityName } from '../../src/shared/entity.ts';
import { expectedRows } from './expected-rows.ts';
import { filledColumns } from './filled-columns.ts';
import { secretsIn } from './planted-secrets.ts';
import { isWorded, problemOf } from './worded-columns.ts';

/** Where a row is not as it has to be. `column` is `*` for a whole row. */
export interface Difference {
  /** `<tool>:<id>`. */
  readonly row: string;
  readonly column: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface ComparedRow {
  readonly [column: string]: unknown;
}

export interface CompareOptions {
  /** Leave out what rows take from other rows. */
  readonly ownColumnsOnly?: boolean;
}

/** Compares an entity's rows, as `export` prints them and by `<tool>:<id>`, with what the sources' ends say: nothing may differ. */
export function differences(
  entity: EntityName,
  rows: ReadonlyMap<string, ComparedRow>,
  options: CompareOptions = {},
): Difference[] {
  const expected = expectedRows(entity);
  const found: Difference[] = [];
  for (const row of expected.keys()) {
    if (!rows.has(row)) found.push({ row, column: '*', expected: 'a row', got: undefined });
  }
  for (const [row, columns] of rows) {
    const truth = expected.get(row);
    if (truth === undefined) found.push({ row, column: '*', expected: undefined, got: columns });
    else found.push(...columnDifferences(entity, row, truth, columns, options));
    if (secretsIn(textOf(columns)).length > 0)
      found.push({ row, column: '*', expected: 'no secret', got: 'a secret of the source' });
  }
  return found;
}

function textOf(columns: ComparedRow): string {
  return Object.values(columns).map(String).join('\n');
}

function columnDifferences(
  entity: EntityName,
  row: string,
  truth: ComparedRow,
  columns: ComparedRow,
  options: CompareOptions,
): Difference[] {
  const found: Difference[] = [];
  const left = options.ownColumnsOnly === true ? filledColumns(entity, row) : [];
  for (const column of Object.keys(ENTITIES[entity].columns)) {
    if (left.includes(column)) continue;
    const got = columns[column];
    if (isWorded(entity, row, column)) {
      const problem = problemOf(column, got);
      if (problem !== undefined) found.push({ row, column, expected: problem, got });
    } else if (!isDeepStrictEqual(got, truth[column])) {
      found.push({ row, column, expected: truth[column], got });
    }
  }
  return found;
}
