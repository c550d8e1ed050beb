import { describe, expect, test } from 'vitest';
import {
  boolean,
  type Convert,
  decimal,
  firstText,
  firstTimestamp,
  id,
  seconds,
  text,
  textSet,
  timestamp,
} from '../../src/workers/conversions.ts';
import type { Json } from '../../src/workers/json-text.ts';
import { Row } from '../../src/workers/row.ts';
import { timeOfText } from '../../src/workers/timestamps.ts';

interface Read {
  readonly value: unknown;
  readonly unavailable: boolean;
  readonly absent: boolean;
}

function read(convert: Convert, cells: { [column: string]: Json }, document = false, scale?: number): Read {
  const row = new Row();
  row.open(cells, document, false, scale === undefined ? null : new Map([['c', scale]]));
  row.next();
  const value = convert(row);
  return { value, unavailable: row.unavailable, absent: row.absent };
}

const convert = (converter: Convert, c: Json, scale?: number): unknown =>
  read(converter, { c }, false, scale).value;
const PLACEHOLDER = '__debezium_unavailable_value';

describe('times', () => {
  const iso = (value: Json) => {
    const time = convert(timestamp('c'), value);
    return typeof time === 'number' ? new Date(time).toISOString() : time;
  };

  test.each([
    ['2026-09-01T10:20:30.123456Z', '2026-09-01T10:20:30.123Z'],
    ['2026-09-01T10:20:30.999999999Z', '2026-09-01T10:20:30.999Z'],
    ['2026-09-01T10:20:30.1Z', '2026-09-01T10:20:30.100Z'],
    ['2026-09-01T10:20:30.12Z', '2026-09-01T10:20:30.120Z'],
    ['2026-09-01T10:20:30Z', '2026-09-01T10:20:30.000Z'],
    ['2026-09-01T10:20:30+02:00', '2026-09-01T08:20:30.000Z'],
    ['2026-09-01 10:20:30.5-0130', '2026-09-01T11:50:30.500Z'],
    ['2026-09-01T10:20:30', '2026-09-01T10:20:30.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['-0044-03-15T00:00:00Z', '-000044-03-15T00:00:00.000Z'],
  ])('of %s are read to the millisecond', (given, expected) => {
    expect(iso(given)).toBe(expected);
  });

  test('are read alike as milliseconds, microseconds and nanoseconds', () => {
    expect(iso(1788344430123)).toBe('2026-09-02T10:20:30.123Z');
    expect(iso(1788344430123999)).toBe('2026-09-02T10:20:30.123Z');
    expect(iso(1788344430123456789n)).toBe('2026-09-02T10:20:30.123Z');
    expect(iso(1.795391484191e12)).toBe('2026-11-22T23:51:24.191Z');
  });

  test('of a tool that counts seconds are exact to the microsecond before they are cut', () => {
    expect(convert(seconds('c'), 1786852760.6150246)).toBe(1786852760615);
    expect(convert(seconds('c'), 1786852760.001)).toBe(1786852760001);
    expect(convert(seconds('c'), 1743637883)).toBe(1743637883000);
  });

  test('at infinity are numbers, which the guard refuses', () => {
    expect(convert(timestamp('c'), 'infinity')).toBe(Number.POSITIVE_INFINITY);
    expect(convert(timestamp('c'), '-infinity')).toBe(Number.NEGATIVE_INFINITY);
  });

  test.each(['', '2026', 'yesterday', '2026-09-01Txx:20:30Z', '2026-13-45T10:20:30Zx'])(
    '%j is none',
    (given) => {
      expect(timeOfText(given)).toBeUndefined();
    },
  );
});

describe('decimals become text, however the connector writes them', () => {
  test.each([
    ['512.25', '512.25'],
    ['-1.50', '-1.50'],
    [512.25, '512.25'],
    [0, '0.00'],
    ['AMgZ', '512.25'],
    ['AA==', '0.00'],
    ['Imo=', '88.10'],
    ['/2o=', '-1.50'],
    ['NAN', null],
    [null, null],
  ])('%j is %j', (given, expected) => {
    expect(convert(decimal('c', 2), given)).toBe(expected);
  });

  test('the schema says the scale where there is one', () => {
    expect(convert(decimal('c', 2), 'AMgZ', 3)).toBe('51.225');
    expect(convert(decimal('c', 2), 'AMgZ', 0)).toBe('51225');
  });

  test.each(['', 'A', '1..2', '{}'])('%j is refused', (given) => {
    expect(() => convert(decimal('c', 2), given)).toThrow('column c is text, expected a decimal');
  });
});

describe('booleans', () => {
  test('may be numbers, as in MySQL', () => {
    expect([0, 1, true, false, null].map((value) => convert(boolean('c'), value))).toEqual([
      false,
      true,
      true,
      false,
      null,
    ]);
  });
});

describe('ids and references', () => {
  test('are text, of integers and of uuids', () => {
    expect(convert(id('c'), 7)).toBe('7');
    expect(convert(id('c'), 'a7d3897d')).toBe('a7d3897d');
    expect(() => convert(id('c'), 1.5)).toThrow('column c is a number');
  });
});

describe('text', () => {
  test('keeps empty text and null apart', () => {
    expect(convert(text('c'), '')).toBe('');
    expect(convert(text('c'), null)).toBe(null);
  });

  test('of a document may be a number, of a table not', () => {
    expect(read(text('c'), { c: 5 }, true).value).toBe('5');
    expect(() => convert(text('c'), 5)).toThrow('column c is a number, expected text');
  });
});

describe('sets', () => {
  test('are sorted, without duplicates, and nothing when empty', () => {
    expect(convert(textSet('c'), ['b', 'a', null, 'b'])).toEqual(['a', 'b']);
    expect(convert(textSet('c'), [])).toBe(null);
    expect(() => convert(textSet('c'), ['a', { x: 'secret' }])).toThrow(
      'column c is an object, expected an array of text',
    );
  });
});

describe('a value that was not sent', () => {
  test.each<[string, Json]>([
    ['text', PLACEHOLDER],
    ['bytea', 'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=='],
    ['text[]', [PLACEHOLDER]],
    ['uuid[]', ['b68a35a7-17ad-35b3-af2a-ae46edb4545a']],
    ['bigint[]', [...Buffer.from(PLACEHOLDER)]],
  ])('is recognised in a %s column', (_, c) => {
    expect(read(textSet('c'), { c })).toEqual({ value: null, unavailable: true, absent: false });
  });

  test('is told apart from a column that the table does not have', () => {
    expect(read(text('c'), {})).toEqual({ value: null, unavailable: false, absent: true });
    expect(read(text('c'), {}, true)).toEqual({ value: null, unavailable: false, absent: false });
  });
});

describe('the first of several columns', () => {
  const first = firstText('a', 'b');

  test('is the first that holds text', () => {
    expect(read(first, { a: 'x', b: 'y' }).value).toBe('x');
    expect(read(first, { a: null, b: 'y' }).value).toBe('y');
    expect(read(first, { a: '', b: 'y' }).value).toBe('y');
    expect(read(first, { a: '', b: null }).value).toBe('');
  });

  test('does not need those behind it', () => {
    expect(read(first, { a: 'x', b: PLACEHOLDER }).unavailable).toBe(false);
    expect(read(first, { a: PLACEHOLDER, b: 'y' }).unavailable).toBe(true);
  });

  test('is absent only when all are', () => {
    expect(read(first, { b: 'y' })).toEqual({ value: 'y', unavailable: false, absent: false });
    expect(read(first, { b: null }).absent).toBe(false);
    expect(read(first, {}).absent).toBe(true);
    expect(read(firstTimestamp('a', 'b'), { a: null, b: 1788344430123 }).value).toBe(1788344430123);
  });
});

test("times in the usual layout are what Date makes of them, on every day of the calendar and beyond a month's end", () => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const wrong: string[] = [];
  for (const year of [100, 1600, 1899, 1900, 1970, 2000, 2023, 2024, 2100, 2400, 9999])
    for (let month = 1; month <= 12; month += 1)
      for (let day = 1; day <= 31; day += 1) {
        const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T23:59:58.123456Z`;
        if (timeOfText(text) !== Date.UTC(year, month - 1, day, 23, 59, 58, 123)) wrong.push(text);
      }
  expect(wrong).toEqual([]);
});
