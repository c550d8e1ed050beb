import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FRAME_BYTES_MIN,
  frameBytes,
  RecordFrameReader,
  RecordFrameWriter,
} from '../../src/shared/record-frame.ts';
import { encodeHeaders, HeaderEncoder, type RecordHeaders } from '../../src/shared/record-headers.ts';

interface Given {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeaders;
}

const GIVEN: Given = {
  topicId: 3,
  partition: 2,
  offset: 41,
  timestamp: 1_795_391_931_132,
  key: Buffer.from('{"id":1}'),
  value: Buffer.from('{"op":"c"}'),
  headers: [],
};

function append(writer: RecordFrameWriter, given: Given): boolean {
  const { topicId, partition, offset, timestamp, key, value, headers } = given;
  return writer.append(topicId, partition, offset, timestamp, key, value, encodeHeaders(headers));
}

function frameOf(records: readonly Partial<Given>[], bytes = 65_536): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  const writer = new RecordFrameWriter(buffer);
  for (const record of records) expect(append(writer, { ...GIVEN, ...record })).toBe(true);
  return buffer;
}

const read = (...records: Partial<Given>[]) => new RecordFrameReader(frameOf(records));
const bytesOf = (buffer: SharedArrayBuffer) => Buffer.from(new Uint8Array(buffer));

describe('a record frame that is broken', () => {
  const broken: [string, (view: DataView) => void, RegExp][] = [
    ['without its mark', (view) => view.setUint32(0, 0, true), /no record frame/],
    ['that claims more bytes than there are', (view) => view.setUint32(8, 1 << 30, true), /over-full/],
    ['that claims more records', (view) => view.setUint32(4, 3, true), /out of bounds|does not end/],
    ['that claims fewer records', (view) => view.setUint32(4, 1, true), /does not end/],
    ['with an entry of no size', (view) => view.setUint32(16, 0, true), /out of bounds/],
    ['with a key that reaches into its value', (view) => view.setInt32(28, 100, true), /parts are not/],
    ['with a value that reaches into the next entry', (view) => view.setInt32(32, 60, true), /parts are not/],
    [
      'with a prefix beside what stands in front',
      (view) => view.setUint32(16 + 44, 65, true),
      /in front of it/,
    ],
    ['with an entry beyond its end', (view) => view.setUint32(16, 1 << 20, true), /out of bounds/],
  ];
  test.each(broken)('%s is an assertion and not a wrong record', (_name, damage, message) => {
    const buffer = frameOf([{}, { offset: 42 }]);
    damage(new DataView(buffer));
    expect(() => new RecordFrameReader(buffer)).toThrow(message);
  });

  test('has no record beyond its last one', () => {
    expect(() => read({}).offset(1)).toThrow(/out of the frame/);
  });
});

describe('a record frame', () => {
  test('that is full refuses a record and stays as it was', () => {
    const buffer = new SharedArrayBuffer(FRAME_BYTES_MIN);
    const writer = new RecordFrameWriter(buffer);
    expect(append(writer, { ...GIVEN, value: Buffer.alloc(3000, 1) })).toBe(true);
    const before = bytesOf(buffer);
    expect(append(writer, { ...GIVEN, value: Buffer.alloc(1200, 2) })).toBe(false);
    expect(bytesOf(buffer).equals(before)).toBe(true);
    expect(writer.count).toBe(1);
    expect(new RecordFrameReader(buffer).value(0)?.length).toBe(3000);
    expect(append(writer, { ...GIVEN, value: Buffer.alloc(500, 2) })).toBe(true);
  });

  test('made to measure holds just its record', () => {
    const headers = [{ a: 'b' }];
    const bytes = frameBytes(8, 5_000_000, encodeHeaders(headers).length);
    const value = Buffer.alloc(5_000_000, 'x');
    const reader = new RecordFrameReader(frameOf([{ value, headers }], bytes));
    expect(reader.value(0)?.equals(value)).toBe(true);
    expect(reader.headers(0)).toEqual([['a', Buffer.from('b')]]);
    const writer = new RecordFrameWriter(new SharedArrayBuffer(bytes - 8));
    expect(append(writer, { ...GIVEN, value, headers })).toBe(false);
  });

  test('is empty after a reset', () => {
    const buffer = new SharedArrayBuffer(FRAME_BYTES_MIN);
    const writer = new RecordFrameWriter(buffer);
    append(writer, GIVEN);
    writer.reset();
    expect(new RecordFrameReader(buffer).count).toBe(0);
  });

  test('tells null from empty, of keys and values', () => {
    const empty = new Uint8Array(0);
    const reader = read(
      { key: null, value: null },
      { key: empty, value: empty },
      { key: null, value: empty },
    );
    expect([reader.key(0), reader.value(0)]).toEqual([null, null]);
    expect([reader.key(1)?.length, reader.value(1)?.length]).toEqual([0, 0]);
    expect([reader.key(2), reader.value(2)?.length]).toEqual([null, 0]);
    expect(reader.valueText(0)).toEqual({ text: null });
    expect(reader.valueText(1)).toEqual({ text: '' });
    expect(reader.keyText(2)).toEqual({ text: null });
  });

  test('keeps offsets and timestamps exactly up to 2^53', () => {
    const reader = read(
      { offset: 2 ** 53 - 1, timestamp: -1 },
      { offset: 2 ** 53 - 2, partition: 2 ** 31 - 1 },
    );
    expect([reader.offset(0), reader.timestamp(0), reader.offset(1)]).toEqual([2 ** 53 - 1, -1, 2 ** 53 - 2]);
    expect([reader.partition(1), reader.topicId(1)]).toEqual([2 ** 31 - 1, 3]);
  });

  test('keeps header order, duplicate names and null values', () => {
    const headers: RecordHeaders = [
      { h: 'first' },
      { h: Buffer.from([0xff, 0x00]) },
      { none: null },
      { ключ: '' },
    ];
    expect(read({ headers }, { headers: [] }).headers(0)).toEqual([
      ['h', Buffer.from('first')],
      ['h', Buffer.from([0xff, 0x00])],
      ['none', null],
      ['ключ', Buffer.alloc(0)],
    ]);
    expect(read({ key: null, value: null, headers }).headers(0)).toHaveLength(4);
    expect(read({}).headers(0)).toEqual([]);
  });

  test('keeps U+2028, astral characters and a real U+FFFD', () => {
    const text = 'a\u2028b\u0085 ☕ 🧨 \ufffd';
    expect(read({ value: Buffer.from(text), key: Buffer.from(text) }).valueText(0)).toEqual({ text });
    expect(read({ key: Buffer.from(text) }).keyText(0)).toEqual({ text });
  });

  test.each([
    ['a lone continuation byte', [0x61, 0x80]],
    ['a character cut off', [0xe2, 0x98]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a broken byte behind a real U+FFFD', [0xef, 0xbf, 0xbd, 0xff]],
  ])('tells %s from text', (_name, bytes) => {
    const reader = read({ key: Buffer.from(bytes), value: Buffer.from(bytes) }, {});
    expect(reader.valueText(0)).toEqual({ text: null, invalid: true });
    expect(reader.keyText(0)).toEqual({ text: null, invalid: true });
    expect(reader.value(0)).toEqual(Buffer.from(bytes));
    expect(reader.valueText(1)).toEqual({ text: '{"op":"c"}' });
  });

  describe('of values that begin with their schema', () => {
    const schema = `{"schema":{"doc":"${'x'.repeat(900)} ☕"},"payload":`;
    const wrap = (payload: string, opening = schema) => Buffer.from(`${opening}${payload}}`);

    test('holds the schema once, and gives every value back byte for byte', () => {
      const buffer = new SharedArrayBuffer(FRAME_BYTES_MIN);
      const writer = new RecordFrameWriter(buffer);
      const values = Array.from({ length: 20 }, (_, index) => wrap(`{"id":${index}}`));
      for (const value of values) expect(append(writer, { ...GIVEN, value })).toBe(true);
      const reader = new RecordFrameReader(buffer);
      for (const [index, value] of values.entries()) expect(reader.value(index)).toEqual(value);
      expect(reader.valueText(0)).toEqual({ text: values[0]?.toString() });
      expect([reader.valuePrefixText(0), reader.valuePrefixText(1)]).toEqual([
        { text: '' },
        { text: schema },
      ]);
      expect(reader.valueText(19)).toEqual({ text: '{"id":19}}' });
      writer.reset();
      append(writer, { ...GIVEN, value: wrap('{}') });
      expect(new RecordFrameReader(buffer).value(0)).toEqual(wrap('{}'));
    });

    test('shares none between topics, and none that is not whole', () => {
      const reader = read(
        { value: wrap('{"id":1}') },
        { value: wrap('{"id":2}'), topicId: 4 },
        { value: wrap('{"id":3}').subarray(0, 500) },
        { value: Buffer.from(schema) },
        { value: wrap('{"id":4}'), topicId: 4 },
      );
      const prefixes = [0, 1, 2, 3, 4].map((index) => reader.valuePrefixText(index).text?.length);
      expect(prefixes).toEqual([0, 0, 0, schema.length, schema.length]);
      expect(reader.value(3)).toEqual(Buffer.from(schema));
    });

    test('says of broken text in the schema that it is none', () => {
      const value = Buffer.from('{"schema":"?","payload":{}}');
      value[11] = 0xff;
      const reader = read({ value }, { value });
      expect([reader.valueText(0), reader.valuePrefixText(1)]).toEqual([
        { text: null, invalid: true },
        { text: null, invalid: true },
      ]);
    });

    test('knows as many schemas as it may, and takes the values of others whole', () => {
      const records = Array.from({ length: 140 }, (_, index) => ({
        value: Buffer.from(`{"schema":${index % 70},"payload":${index}}`),
      }));
      const reader = read(...records);
      for (const [index, { value }] of records.entries()) expect(reader.value(index)).toEqual(value);
      expect([reader.valuePrefixText(133).text, reader.valuePrefixText(134).text]).toEqual([
        '{"schema":63,"payload":',
        '',
      ]);
    });
  });

  test('gives back whatever was put into it', () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
    const schema = fc.constantFrom(
      '{"schema":{"a":1},"payload":',
      '{"schema":{"a":10},"payload":',
      '{"schema":',
    );
    const wrapped = fc
      .tuple(schema, fc.uint8Array({ maxLength: 60 }))
      .map(([opening, rest]) => new Uint8Array(Buffer.concat([Buffer.from(opening), rest])));
    const record = fc.record({
      topicId: fc.oneof(fc.nat({ max: 1 }), fc.nat({ max: 2 ** 32 - 1 })),
      partition: fc.nat({ max: 2 ** 31 - 1 }),
      offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      timestamp: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
      key: bytes,
      value: fc.oneof(bytes, wrapped),
      headers: fc.array(
        fc.tuple(fc.string({ maxLength: 20 }), bytes).map(([name, value]) => ({ [`h${name}`]: value })),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        const reader = new RecordFrameReader(frameOf(records));
        expect(reader.count).toBe(records.length);
        for (const [index, given] of records.entries()) {
          expect(reader.topicId(index)).toBe(given.topicId);
          expect(reader.partition(index)).toBe(given.partition);
          expect(reader.offset(index)).toBe(given.offset);
          expect(reader.timestamp(index)).toBe(given.timestamp);
          expect(reader.key(index)).toEqual(given.key === null ? null : Buffer.from(given.key));
          expect(reader.value(index)).toEqual(given.value === null ? null : Buffer.from(given.value));
          const headers = given.headers.flatMap((header) =>
            Object.entries(header).map(([name, value]) => [name, value === null ? null : Buffer.from(value)]),
          );
          expect(reader.headers(index)).toEqual(headers);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the header encoder', () => {
  test('gives what encoding afresh gives, whatever it remembers', () => {
    const encoder = new HeaderEncoder();
    const context = [{ a: Buffer.from('1') }, { b: Buffer.from('2') }];
    const given: (RecordHeaders | undefined)[] = [
      context,
      [{ a: Buffer.from('1') }, { b: Buffer.from('2') }],
      [{ a: Buffer.from('1') }, { b: Buffer.from('3') }],
      [{ a: Buffer.from('1') }],
      [{ a: 'text' }],
      [{ a: Buffer.alloc(0) }],
      [{ a: null }],
      [{ a: Buffer.from('1'), b: Buffer.from('2') }],
      undefined,
      context,
    ];
    for (const headers of given) expect(encoder.encode(headers)).toEqual(encodeHeaders(headers));
  });
});
