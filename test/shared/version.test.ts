import { describe, expect, test } from 'vitest';
import {
  mongoVersion,
  mysqlVersion,
  postgresVersion,
  sqlServerVersion,
  versionTimestamp,
} from '../../src/shared/version.ts';

const COMMIT = '00000027:00000ac0:0007';
const CHANGE = '00000027:00000ac0:0002';
const sqlServer = (commit: string, change: string | null, serial: number, snapshot = false) =>
  sqlServerVersion(0, commit, change, serial, snapshot) ?? '';

describe('a version', () => {
  test('of SQL Server sorts by commit, then change, then serial number, snapshots in front', () => {
    const ordered = [
      sqlServer('00000027:00000ac0:0006', 'ffffffff:ffffffff:ffff', 9),
      sqlServer(COMMIT, null, 0, true),
      sqlServer(COMMIT, CHANGE, 1),
      sqlServer(COMMIT, CHANGE, 2, true),
      sqlServer(COMMIT, CHANGE, 2),
      sqlServer(COMMIT, CHANGE, 10),
      sqlServer(COMMIT, '00000027:00000ac0:0010', 1),
      // The change's LSN is smaller than those of the transaction before: long transactions commit late.
      sqlServer('00000027:00000AC0:000A', '00000026:00000001:0001', 1),
      sqlServerVersion(1, COMMIT, CHANGE, 1, false),
    ];
    expect(ordered.toSorted()).toEqual(ordered);
    expect(ordered[2]).toBe('0000-0000002700000ac00007-0000002700000ac00002-00000001-1');
  });

  test('of SQL Server is not made of what is no LSN', () => {
    expect(sqlServerVersion(0, '00000027:0ac0:0007', null, 0, true)).toBeUndefined();
    expect(sqlServerVersion(0, COMMIT, 'NULL', 1, false)).toBeUndefined();
  });

  test('is as long as any other of its connector', () => {
    const longest = sqlServerVersion(8191, 'ffffffff:ffffffff:ffff', CHANGE, 4294967295, false);
    expect(longest).toHaveLength(sqlServer(COMMIT, null, 0, true).length);
    expect(postgresVersion(8191, 2n ** 64n - 1n, false)).toHaveLength(postgresVersion(0, 0, true).length);
  });
});

describe('a write timestamp', () => {
  test('grows with the version', () => {
    const stamps = [
      postgresVersion(0, 24023128, true),
      postgresVersion(0, 24023128, false),
      mysqlVersion(1, 3, 4012, 0, false),
      mongoVersion(2, 17, false),
    ].map(versionTimestamp);
    for (const [index, stamp] of stamps.entries()) expect(stamp > (stamps[index - 1] ?? -1n)).toBe(true);
  });

  test('is refused for positions that it cannot hold, and for all of SQL Server', () => {
    expect(() => versionTimestamp(postgresVersion(0, 2n ** 49n, false))).toThrow(RangeError);
    expect(() => versionTimestamp(mysqlVersion(0, 2 ** 17, 0, 0, false))).toThrow(RangeError);
    const smallest = sqlServer('00000000:00000000:0001', null, 0, true);
    expect(() => versionTimestamp(smallest)).toThrow(/SQL Server.*write mode lwt/);
  });
});
