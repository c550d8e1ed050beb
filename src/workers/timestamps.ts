/**
 * Times in all of Debezium's forms, as milliseconds since 1970 UTC; finer parts are cut off, not rounded.
 */

const TEXT_FORM =
  /^([+-]?\d{4,6})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** `2026-09-01T10:20:30.123456Z` and its kin; undefined for a text that is no time, ±Infinity for PostgreSQL's infinities. */
export function timeOfText(text: string): number | undefined {
  // Nearly all times have this one layout, which is worth reading by hand.
  if (
    text.length >= 20 &&
    text.charCodeAt(10) === 0x54 &&
    text.charCodeAt(4) === 0x2d &&
    text.endsWith('Z')
  ) {
    const time = fixedLayout(text);
    if (!Number.isNaN(time)) return time;
  }
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  return anyLayout(text);
}

function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `yyyy-mm-ddThh:mm:ss[.f…]Z`, or NaN. */
function fixedLayout(text: string): number {
  const dot = text.charCodeAt(19);
  const fractionEnd = text.length - 1;
  if (dot !== 0x2e && fractionEnd !== 19) return Number.NaN;
  let millis = 0;
  if (fractionEnd > 19) {
    const shown = Math.min(3, fractionEnd - 20);
    millis = digits(text, 20, 20 + shown) * (shown === 3 ? 1 : shown === 2 ? 10 : 100);
  }
  const year = digits(text, 0, 4);
  // Date.UTC reads years below 100 as 19xx.
  if (year < 100) return Number.NaN;
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  if (month > 12 || day > 31 || hour > 24 || minute > 59 || second > 60) return Number.NaN;
  return (((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis;
}

/**
 * What Date.UTC makes of a date, in a tenth of its time. Years are counted from March, so that a leap day ends one (Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
 */
function daysSince1970(year: number, month: number, day: number): number {
  const fromMarch = month > 2 ? month - 3 : month + 9;
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const ofEra = marchYear - era * 400;
  const ofYear = Math.floor((153 * fromMarch + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function anyLayout(text: string): number | undefined {
  const match = TEXT_FORM.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = 'Z'] =
    match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, '0').slice(0, 3)));
  const time = date.getTime();
  if (Number.isNaN(time)) return undefined;
  if (zone === 'Z') return time;
  const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0);
  return time - (zone.startsWith('-') ? -offset : offset) * 60_000;
}

/**
 * A time given as a count since 1970. Which unit it counts depends on the column's precision and the connector's settings, and no
 * schema may be there to tell; times after 1973 and before 5138 differ enough to see: milliseconds, microseconds or nanoseconds.
 */
export function timeOfCount(count: number | bigint): number {
  if (typeof count === 'bigint') return timeOfLargeCount(count);
  const size = Math.abs(count);
  if (size < 1e14) return Math.floor(count);
  return Math.floor(size < 1e17 ? count / 1e3 : count / 1e6);
}

/** Beyond 2^53, where a double would be off by up to 128 nanoseconds, which is enough to miss the millisecond. */
function timeOfLargeCount(count: bigint): number {
  const size = count < 0n ? -count : count;
  const unit = size < 10n ** 17n ? 1_000n : 1_000_000n;
  const cut = count / unit;
  return Number(cut * unit > count ? cut - 1n : cut);
}

/** A time given in seconds, with a fraction: to the microsecond, as a double is exact, then cut to milliseconds. */
export function timeOfSeconds(seconds: number): number {
  return Math.floor(Math.round(seconds * 1e6) / 1e3);
}
