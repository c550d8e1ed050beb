import { describe, expect, test } from 'vitest';
import type { Columns, ColumnType } from '../../../src/shared/entity.ts';
import { NOTHING, values } from '../../../src/workers/stores/statement-values.ts';
import { device } from './samples.ts';

const COLUMNS: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['cpu', 'text'],
  ['hostname', 'text'],
  ['last_seen', 'timestamp'],
  ['local_ips', 'set<text>'],
]);

/** The parameters of the columns, behind version, time, `deleted` and `carry`. */
function boundColumns(columns: Columns, before: Parameters<typeof values>[2]): unknown[] {
  return values(device('1', 2, columns), COLUMNS, before).slice(4);
}

describe('the values of a statement', () => {
  const known = {
    carry: null,
    deleted: false,
    columns: { hostname: 'h', last_seen: 5, local_ips: ['a', 'b'] },
  };

  test('are what changes of a row that is known', () => {
    const same = { cpu: null, hostname: 'h', last_seen: 5, local_ips: ['a', 'b'] };
    expect(boundColumns(same, known)).toEqual([undefined, undefined, undefined, undefined]);
    const other = { cpu: 'c', hostname: null, last_seen: 6, local_ips: ['a', 'c'] };
    expect(boundColumns(other, known)).toEqual(['c', null, new Date(6), ['a', 'c']]);
    expect(boundColumns({ local_ips: ['a'] }, known)).toEqual([undefined, undefined, undefined, ['a']]);
    expect(values(device('1', 2, same), COLUMNS, known).slice(2, 4)).toEqual([undefined, undefined]);
  });

  test('are all that the change has when the row is not known', () => {
    const change = { cpu: null, hostname: 'h' };
    expect(boundColumns(change, { carry: null })).toEqual([null, 'h', undefined, undefined]);
    expect(values(device('1', 2, change), COLUMNS, { carry: null }).slice(2, 4)).toEqual([false, undefined]);
  });

  test('are none of what a first write leaves empty', () => {
    expect(boundColumns({ cpu: null, hostname: 'h' }, NOTHING)).toEqual([
      undefined,
      'h',
      undefined,
      undefined,
    ]);
    expect(values(device('1', 1, {}), COLUMNS, NOTHING)[2]).toBe(false);
  });
});
