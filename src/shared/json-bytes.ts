/**
 * Writes JSON as UTF-8 into shared memory, piece by piece, without making a text of it first: texts of a record are short, and going
 * through their characters takes a fraction of joining, flattening and handing them to the encoder of Node. What a record is made of
 * is the caller's to know; nothing here checks that the pieces are JSON together.
 */

/** A UTF-16 code unit becomes at most this many bytes of UTF-8. */
const BYTES_PER_UNIT_MAX = 3;
/** From here on the encoder of Node, which takes 16 characters a step, has earned its call. */
const LONG_TEXT = 256;

/** From here on a text is taken for one that was joined from pieces, which the encoder flattens on the way; a version is shorter. */
const JOINED_TEXT = 64;
/** Of the largest safe integer. */
const DIGITS_MAX = 16;
/** Up to here V8 divides integers. */
const INT_MAX = 0x7fffffff;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;
const Z = 0x5a;

const DAY_MS = 86_400_000;
/** `hh:mm:ss.fffZ"` */
const TIME_OF_DAY = 14;
const DAYS_MAX = 4096;
/** `"yyyy-mm-ddT` of days seen. */
const dates = new Map<number, ReadyBytes>();

/** A piece that is written again and again. */
export interface ReadyBytes {
  /** Its bytes, four in each, little-endian; the last one may be longer than the piece. */
  readonly words: Uint32Array;
  readonly length: number;
}

export function readyBytes(text: string): ReadyBytes {
  const bytes = Buffer.from(text);
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  for (const [at, byte] of bytes.entries()) words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (8 * (at & 3)));
  return { words, length: bytes.length };
}

export class JsonBytes {
  #buffer: SharedArrayBuffer;
  #bytes: Buffer;
  #view: DataView;
  /** Bytes written, and where the next one goes. */
  used: number;

  constructor(buffer: SharedArrayBuffer, used = 0) {
    this.#buffer = buffer;
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    this.used = used;
  }

  /** The one given, or a larger one if that was full. */
  get buffer(): SharedArrayBuffer {
    return this.#buffer;
  }

  /** Of all that is written. */
  get view(): DataView {
    return this.#view;
  }

  /** What was written from a place on, as text. */
  textFrom(start: number): string {
    return this.textBetween(start, this.used);
  }

  /** What was written from one place up to another, as text. */
  textBetween(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end);
  }

  /** Leaves bytes out, to be filled through the view. */
  skip(bytes: number): void {
    this.#makeRoom(bytes);
    this.used += bytes;
  }

  /** A text as it is. */
  text(text: string): void {
    if (text.length < JOINED_TEXT && this.#ascii(text)) return;
    this.#makeRoom(text.length * BYTES_PER_UNIT_MAX);
    this.used += this.#bytes.write(text, this.used, 'utf8');
  }

  /** A text as JSON.stringify shows it. */
  quoted(text: string): void {
    if (text.length >= LONG_TEXT || !this.#plain(text)) this.text(JSON.stringify(text));
  }

  /** A number as JSON.stringify shows it. Of an integer no text is made: V8 would keep it for a while (docs/decisions/0011). */
  number(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) {
      this.text(JSON.stringify(value));
      return;
    }
    this.#makeRoom(DIGITS_MAX);
    let digits = 1;
    for (let above = 10; above <= value; above *= 10) digits += 1;
    let left = value;
    let at = this.used + digits - 1;
    for (; left > INT_MAX; at -= 1) {
      const tenth = Math.floor(left / 10);
      this.#bytes[at] = ZERO + (left - tenth * 10);
      left = tenth;
    }
    let small = left | 0;
    for (; at >= this.used; at -= 1) {
      const tenth = (small / 10) | 0;
      this.#bytes[at] = ZERO + (small - tenth * 10);
      small = tenth;
    }
    this.used += digits;
  }

  /** What is ready as bytes. */
  ready({ words, length }: ReadyBytes): void {
    this.#makeRoom(words.length * 4);
    const view = this.#view;
    const at = this.used;
    // They are few: four by four takes less than the call that copies them.
    for (let index = 0; index < words.length; index += 1)
      view.setUint32(at + index * 4, words[index] ?? 0, true);
    this.used = at + length;
  }

  /** A time, milliseconds since 1970 UTC, as Date shows it in JSON, in a tenth of its time. */
  time(time: number): void {
    const day = Math.floor(time / DAY_MS);
    this.ready(dates.get(day) ?? dateOf(day));
    this.#makeRoom(TIME_OF_DAY);
    const ofDay = time - day * DAY_MS;
    const seconds = Math.floor(ofDay / 1000);
    const minutes = Math.floor(seconds / 60);
    const millis = Math.floor(ofDay) - seconds * 1000;
    this.#twoDigits(Math.floor(minutes / 60), COLON);
    this.#twoDigits(minutes % 60, COLON);
    this.#twoDigits(seconds % 60, DOT);
    this.#bytes[this.used] = ZERO + Math.floor(millis / 100);
    this.used += 1;
    this.#twoDigits(millis % 100, Z);
    this.#bytes[this.used] = QUOTE;
    this.used += 1;
  }

  #twoDigits(value: number, behind: number): void {
    const tens = Math.floor(value / 10);
    this.#bytes[this.used] = ZERO + tens;
    this.#bytes[this.used + 1] = ZERO + value - tens * 10;
    this.#bytes[this.used + 2] = behind;
    this.used += 3;
  }

  /** Writes a text of ASCII characters; false, and nothing is written, when there are others in it. */
  #ascii(text: string): boolean {
    this.#makeRoom(text.length);
    if (!this.#put(text, this.used, false)) return false;
    this.used += text.length;
    return true;
  }

  /** Writes a text in quotes; false, and nothing is written, when something in it is escaped or no ASCII. */
  #plain(text: string): boolean {
    const { length } = text;
    this.#makeRoom(length + 2);
    const bytes = this.#bytes;
    const at = this.used;
    if (!this.#put(text, at + 1, true)) return false;
    bytes[at] = QUOTE;
    bytes[at + 1 + length] = QUOTE;
    this.used = at + length + 2;
    return true;
  }

  /** Puts ASCII characters to a place, four at a time; false when there are others, or in a quoted text one that JSON escapes. */
  #put(text: string, at: number, quoted: boolean): boolean {
    const { length } = text;
    const view = this.#view;
    const fours = length & ~3;
    let index = 0;
    for (; index < fours; index += 4) {
      const one = text.charCodeAt(index);
      const two = text.charCodeAt(index + 1);
      const three = text.charCodeAt(index + 2);
      const four = text.charCodeAt(index + 3);
      if ((one | two | three | four) > 0x7f) return false;
      const word = one | (two << 8) | (three << 16) | (four << 24);
      if (quoted && hasEscaped(word)) return false;
      view.setInt32(at + index, word, true);
    }
    for (; index < length; index += 1) {
      const char = text.charCodeAt(index);
      if (char > 0x7f || (quoted && (char < SPACE || char === QUOTE || char === BACKSLASH))) return false;
      this.#bytes[at + index] = char;
    }
    return true;
  }

  #makeRoom(bytes: number): void {
    const needed = this.used + bytes;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new SharedArrayBuffer(Math.max(this.#bytes.length * 2, needed));
    const target = Buffer.from(grown);
    target.set(this.#bytes.subarray(0, this.used));
    this.#buffer = grown;
    this.#bytes = target;
    this.#view = new DataView(grown);
  }
}

function dateOf(day: number): ReadyBytes {
  const date = readyBytes(`"${new Date(day * DAY_MS).toISOString().slice(0, -TIME_OF_DAY + 1)}`);
  if (dates.size === DAYS_MAX) dates.clear();
  dates.set(day, date);
  return date;
}

/** Each byte of a word as often as it has room. */
const ALL = 0x01010101;
const HIGH_BITS = ALL << 7;

/** Whether one of four ASCII characters is below a space, a quote or a backslash: it lends from the one above it, all others stay below 128. */
function hasEscaped(word: number): boolean {
  const belowSpace = word - ALL * SPACE;
  const quote = (word ^ (ALL * QUOTE)) - ALL;
  const backslash = (word ^ (ALL * BACKSLASH)) - ALL;
  return ((belowSpace | quote | backslash) & HIGH_BITS) !== 0;
}
