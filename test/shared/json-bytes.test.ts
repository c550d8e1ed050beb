import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonBytes, readyBytes } from '../../src/shared/json-bytes.ts';

/** What is written, from a buffer that has to grow for most of it. */
function written(write: (json: JsonBytes) => void): string {
  const json = new JsonBytes(new SharedArrayBuffer(8));
  write(json);
  return json.textFrom(0);
}

/** Texts of any UTF-16 units, halves of surrogate pairs included, some of them longer than what is written character by character. */
const units = fc.oneof(
  fc.string({ maxLength: 600 }),
  fc
    .array(
      fc.oneof(fc.nat({ max: 0xff }), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat({ max: 0xffff })),
      {
        maxLength: 400,
      },
    )
    .map((codes) => String.fromCharCode(...codes)),
);

describe('JSON written as bytes', () => {
  test('has every text as JSON.stringify shows it', () => {
    const same = fc.property(units, (text) => {
      expect(written((json) => json.quoted(text))).toBe(JSON.stringify(text));
    });
    fc.assert(same, { numRuns: 3000 });
  });

  test.each([
    ['at the limits of what is escaped', '\u0000\u001f \u007f\u0080"\\/\u2028\u2029'],
    ['with halves of surrogate pairs', '\ud800 \udfff \ud83d\ude00 \ude00\ud83d'],
    ['that is empty', ''],
    ['of 255, 256 and 257 characters', 'a'.repeat(255)],
    ['of 256 characters', `${'a'.repeat(255)}"`],
    ['of 257 characters', `${'a'.repeat(256)}ä`],
  ])('has a text %s as JSON.stringify shows it', (_what, text) => {
    expect(written((json) => json.quoted(text))).toBe(JSON.stringify(text));
  });

  test('has every ASCII character at every place among others as JSON.stringify shows it', () => {
    for (let code = 0; code < 0x80; code += 1)
      for (let place = 0; place < 9; place += 1) {
        const text = `${'a'.repeat(place)}${String.fromCharCode(code)}${'~ '.repeat(4)}`;
        expect(written((json) => json.quoted(text))).toBe(JSON.stringify(text));
      }
  });

  test('has ready pieces of any length one behind the other', () => {
    const same = fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 })), (texts) => {
      const pieces = texts.map(readyBytes);
      expect(
        written((json) => {
          for (const piece of pieces) json.ready(piece);
        }),
      ).toBe(Buffer.from(texts.join('')).toString());
    });
    fc.assert(same, { numRuns: 500 });
  });

  test('has texts as they are, as Buffer encodes them', () => {
    const same = fc.property(units, (text) => {
      expect(written((json) => json.text(text))).toBe(Buffer.from(text).toString());
    });
    fc.assert(same, { numRuns: 1000 });
  });

  test('has numbers as JSON.stringify shows them', () => {
    const numbers = fc.oneof(
      fc.maxSafeNat(),
      fc.maxSafeInteger(),
      fc.nat({ max: 1100 }),
      fc.double(),
      fc.constantFrom(-0, 9, 10, 99, 100, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e21, 1_788_344_430_123, Number.NaN),
    );
    const same = fc.property(numbers, (number) => {
      expect(written((json) => json.number(number))).toBe(JSON.stringify(number));
    });
    fc.assert(same, { numRuns: 5000 });
  });

  test('has times as Date shows them', () => {
    const times = fc.oneof(
      fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2100, 0, 1) }),
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.constantFrom(0, 1, 999, -1, 59_059, Date.UTC(2027, 11, 31, 23, 59, 59, 99), 1_788_344_430_123),
    );
    const same = fc.property(times, (time) => {
      expect(written((json) => json.time(time))).toBe(JSON.stringify(new Date(time)));
    });
    fc.assert(same, { numRuns: 3000 });
  });

  test('refuses a time that is none', () => {
    expect(() => written((json) => json.time(Number.NaN))).toThrow(RangeError);
  });

  test('keeps what was written when its buffer grows, and stays in it while it need not', () => {
    const buffer = new SharedArrayBuffer(31);
    const json = new JsonBytes(buffer);
    json.text('a'.repeat(31));
    expect(json.buffer).toBe(buffer);
    json.ready(readyBytes('b'));
    expect(json.buffer).not.toBe(buffer);
    expect(json.textFrom(0)).toBe(`${'a'.repeat(31)}b`);
  });
});
