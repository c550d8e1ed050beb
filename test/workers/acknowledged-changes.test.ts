import { expect, test } from 'vitest';
import { AcknowledgedChanges } from '../../src/workers/acknowledged-changes.ts';
import { device, facet } from './stores/samples.ts';

/** More than are remembered, of which the last 25,000 always are. */
const MANY = 60_000;
const LAST = 25_000;

test('the last change of a row is known once its batch is acknowledged, and an older or newer one is not', () => {
  const changes = new AcknowledgedChanges();
  changes.handled(device('a', 1, {}), 0);
  expect(changes.has(device('a', 1, {}))).toBe(false);
  changes.upTo(0);
  expect(changes.has(device('a', 1, {}))).toBe(true);
  changes.handled(device('a', 2, {}), 0);
  expect([1, 2, 3].map((n) => changes.has(device('a', n, {})))).toEqual([false, true, false]);
});

test('changes of more rows than are remembered push the oldest out, and never bring an older change of a row back', () => {
  const changes = new AcknowledgedChanges();
  changes.upTo(0);
  changes.handled(device('twice', 1, {}), 0);
  for (let row = 0; row < LAST; row += 1) changes.handled(device(`before-${row}`, 1, {}), 0);
  changes.handled(device('twice', 2, {}), 0);
  expect([1, 2].map((n) => changes.has(device('twice', n, {})))).toEqual([false, true]);
  for (let row = 0; row < MANY; row += 1) changes.handled(device(`row-${row}`, 1, {}), 0);
  const known = Array.from({ length: LAST }, (_, row) => changes.has(device(`row-${MANY - 1 - row}`, 1, {})));
  expect(known.every(Boolean)).toBe(true);
  expect(changes.has(device('twice', 2, {}))).toBe(false);
  expect(changes.has(device('row-0', 1, {}))).toBe(false);
});

test('a version may repeat a handled change unless it is later than all before it in its partition', () => {
  const changes = new AcknowledgedChanges();
  const may = (partition: number, version: string): boolean =>
    changes.mayRepeat('devices', partition, version);
  expect([may(0, 'b'), may(0, 'c'), may(0, 'c'), may(0, 'b')]).toEqual([false, false, true, true]);
  expect([may(1, 'a'), may(0, 'd'), changes.mayRepeat('sites', 0, 'a')]).toEqual([false, false, false]);
});

test('ids of any length and script are told apart, and so are rows of the same id in other tables and facets', () => {
  const changes = new AcknowledgedChanges();
  changes.upTo(0);
  const long = (row: number): string => `${'Büro 💾 '.repeat(20)}${row}`;
  for (let row = 0; row < MANY; row += 1) changes.handled(device(long(row), 1, {}), 0);
  expect([MANY - LAST, MANY - 1, MANY].map((row) => changes.has(device(long(row), 1, {})))).toEqual([
    true,
    true,
    false,
  ]);
  const others = [
    device('1', 1, {}),
    facet('1', 'host_seen_times', 1, {}),
    device('1', 1, {}, { entity: 'user' }),
  ];
  for (const [place, one] of others.entries()) {
    expect(changes.has(one)).toBe(false);
    changes.handled(one, 0);
    expect(others.map((other) => changes.has(other))).toEqual(others.map((_, at) => at <= place));
  }
});
