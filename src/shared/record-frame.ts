import { isUtf8 } from 'node:buffer';
import { assert } from './assert.ts';

/**
 * The frame in which Kafka records travel from the consumer to a worker, in shared memory. Whoever fills it (main's JavaScript, a
 * native consumer) and whoever reads it agree on this layout and on nothing else. Little-endian, entries aligned to 8 bytes:
 *
 *   frame   u32 magic | u32 records | u32 used bytes | u32 0 | entry…
 *   entry   u32 entry bytes | u32 topic id | i32 partition | i32 key bytes (-1: null) | i32 value bytes (-1: null)
 *           | u32 header bytes | f64 offset | f64 timestamp ms | key | value | headers | padding
 *   headers u32 count, then each: u32 name bytes | i32 value bytes (-1: null) | name | value
 */
const MAGIC = 0x3153464f;
const FRAME_HEAD = 16;
const ENTRY_HEAD = 40;

export const FRAME_BYTES_MIN = 4096;

/** Headers as node-rdkafka gives them: one object a header, one property an object. */
export type RecordHeaders = readonly Readonly<Record<string, Uint8Array | string | null>>[];

const align8 = (bytes: number): number => (bytes + 7) & ~7;

/** Bytes that a record takes in a frame, headers included. */
export function entryBytes(keyBytes: number, valueBytes: number, headerBytes: number): number {
  return align8(ENTRY_HEAD + keyBytes + valueBytes + headerBytes);
}

/** Bytes of a frame that holds just one such record. */
export function frameBytes(keyBytes: number, valueBytes: number, headerBytes: number): number {
  return FRAME_HEAD + entryBytes(keyBytes, valueBytes, headerBytes);
}

/** A record's headers in the frame's form; empty for none. */
export function encodeHeaders(headers: RecordHeaders | undefined): Uint8Array {
  if (headers === undefined || headers.length === 0) return EMPTY;
  const parts: Buffer[] = [Buffer.alloc(4)];
  let count = 0;
  for (const header of headers) {
    for (const name of Object.keys(header)) {
      const raw = header[name];
      const nameBytes = Buffer.from(name, 'utf8');
      const value =
        raw === null || raw === undefined ? null : Buffer.from(raw as Uint8Array | string as string);
      const head = Buffer.alloc(8);
      head.writeUInt32LE(nameBytes.length, 0);
      head.writeInt32LE(value === null ? -1 : value.length, 4);
      parts.push(head, nameBytes);
      if (value !== null) parts.push(value);
      count += 1;
    }
  }
  parts[0]?.writeUInt32LE(count, 0);
  return Buffer.concat(parts);
}
const EMPTY = new Uint8Array(0);

/**
 * Encodes headers, remembering the last ones: a connector puts the same few on every record, and comparing them costs a tenth of
 * encoding them.
 */
export class HeaderEncoder {
  #names: string[] = [];
  #values: Buffer[] = [];
  #encoded: Uint8Array = EMPTY;

  encode(headers: RecordHeaders | undefined): Uint8Array {
    if (headers === undefined || headers.length === 0) return EMPTY;
    if (!this.#isLast(headers)) this.#remember(headers);
    return this.#encoded;
  }

  #isLast(headers: RecordHeaders): boolean {
    if (headers.length !== this.#names.length) return false;
    let index = 0;
    for (const header of headers) {
      for (const name in header) {
        const value = header[name];
        if (name !== this.#names[index] || !(value instanceof Buffer)) return false;
        if (this.#values[index]?.equals(value) !== true) return false;
        index += 1;
      }
    }
    return index === headers.length;
  }

  #remember(headers: RecordHeaders): void {
    this.#encoded = encodeHeaders(headers);
    this.#names = [];
    this.#values = [];
    const entries = headers.flatMap((header) => Object.entries(header));
    // Headers with a value that is no bytes are encoded each time.
    if (!entries.every(([, value]) => value instanceof Uint8Array)) return;
    for (const [name, value] of entries) {
      this.#names.push(name);
      this.#values.push(Buffer.from(value instanceof Uint8Array ? value : []));
    }
  }
}

/** Fills a frame. The buffer may be used again after `reset`. */
export class RecordFrameWriter {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #used = FRAME_HEAD;
  #count = 0;

  constructor(buffer: SharedArrayBuffer) {
    assert(buffer.byteLength >= FRAME_BYTES_MIN || buffer.byteLength >= FRAME_HEAD, 'frame buffer too small');
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    this.reset();
  }

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    return this.#used;
  }

  reset(): void {
    this.#used = FRAME_HEAD;
    this.#count = 0;
    this.#finish();
  }

  /** False when the record does not fit any more; the frame is unchanged then. `headers` come from `encodeHeaders`. */
  append(
    topicId: number,
    partition: number,
    offset: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array,
  ): boolean {
    const keyBytes = key === null ? 0 : key.length;
    const valueBytes = value === null ? 0 : value.length;
    const size = entryBytes(keyBytes, valueBytes, headers.length);
    const start = this.#used;
    if (start + size > this.#bytes.length) return false;
    const view = this.#view;
    view.setUint32(start, size, true);
    view.setUint32(start + 4, topicId, true);
    view.setInt32(start + 8, partition, true);
    view.setInt32(start + 12, key === null ? -1 : keyBytes, true);
    view.setInt32(start + 16, value === null ? -1 : valueBytes, true);
    view.setUint32(start + 20, headers.length, true);
    view.setFloat64(start + 24, offset, true);
    view.setFloat64(start + 32, timestamp, true);
    let at = start + ENTRY_HEAD;
    if (key !== null) this.#bytes.set(key, at);
    at += keyBytes;
    if (value !== null) this.#bytes.set(value, at);
    at += valueBytes;
    if (headers.length > 0) this.#bytes.set(headers, at);
    this.#used = start + size;
    this.#count += 1;
    this.#finish();
    return true;
  }

  #finish(): void {
    this.#view.setUint32(0, MAGIC, true);
    this.#view.setUint32(4, this.#count, true);
    this.#view.setUint32(8, this.#used, true);
    this.#view.setUint32(12, 0, true);
  }
}

/** A text of a record, or `invalid` when its bytes are no UTF-8. */
export type FrameText = { readonly text: string | null } | { readonly text: null; readonly invalid: true };

/**
 * Reads a frame. The loan ends when the slot is released: nothing that it returns but texts and copies may be kept.
 * Throws when the buffer holds no frame: that is a broken invariant, not bad input.
 */
export class RecordFrameReader {
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #starts: Uint32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    assert(this.#view.getUint32(0, true) === MAGIC, 'no record frame in this buffer');
    this.count = this.#view.getUint32(4, true);
    const used = this.#view.getUint32(8, true);
    assert(used <= buffer.byteLength, 'record frame over-full');
    this.#starts = new Uint32Array(this.count);
    let at = FRAME_HEAD;
    for (let index = 0; index < this.count; index += 1) {
      const size = this.#view.getUint32(at, true);
      assert(size >= ENTRY_HEAD && at + size <= used, 'record frame entry out of bounds');
      assert(size === this.#sizeAt(at), 'record frame entry whose parts are not its size');
      this.#starts[index] = at;
      at += size;
    }
    assert(at === used, 'record frame does not end where it says');
  }

  topicId(index: number): number {
    return this.#view.getUint32(this.#start(index) + 4, true);
  }

  partition(index: number): number {
    return this.#view.getInt32(this.#start(index) + 8, true);
  }

  offset(index: number): number {
    return this.#view.getFloat64(this.#start(index) + 24, true);
  }

  timestamp(index: number): number {
    return this.#view.getFloat64(this.#start(index) + 32, true);
  }

  /** The key's bytes as a view into the frame. */
  key(index: number): Buffer | null {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 12, true);
    return length < 0 ? null : this.#bytes.subarray(start + ENTRY_HEAD, start + ENTRY_HEAD + length);
  }

  /** The value's bytes as a view into the frame. */
  value(index: number): Buffer | null {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 16, true);
    if (length < 0) return null;
    const at = start + ENTRY_HEAD + Math.max(0, this.#view.getInt32(start + 12, true));
    return this.#bytes.subarray(at, at + length);
  }

  keyText(index: number): FrameText {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 12, true);
    return length < 0 ? NULL_TEXT : this.#text(start + ENTRY_HEAD, length);
  }

  valueText(index: number): FrameText {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 16, true);
    if (length < 0) return NULL_TEXT;
    return this.#text(start + ENTRY_HEAD + Math.max(0, this.#view.getInt32(start + 12, true)), length);
  }

  /** Name and value of every header, as copies; null values stay null. */
  headers(index: number): [string, Buffer | null][] {
    const start = this.#start(index);
    const view = this.#view;
    if (view.getUint32(start + 20, true) === 0) return [];
    let at =
      start +
      ENTRY_HEAD +
      Math.max(0, view.getInt32(start + 12, true)) +
      Math.max(0, view.getInt32(start + 16, true));
    const count = view.getUint32(at, true);
    at += 4;
    const headers: [string, Buffer | null][] = [];
    for (let header = 0; header < count; header += 1) {
      const nameBytes = view.getUint32(at, true);
      const valueBytes = view.getInt32(at + 4, true);
      at += 8;
      const name = this.#bytes.toString('utf8', at, at + nameBytes);
      at += nameBytes;
      headers.push([name, valueBytes < 0 ? null : Buffer.from(this.#bytes.subarray(at, at + valueBytes))]);
      at += Math.max(0, valueBytes);
    }
    return headers;
  }

  #sizeAt(start: number): number {
    const view = this.#view;
    const keyBytes = Math.max(0, view.getInt32(start + 12, true));
    const valueBytes = Math.max(0, view.getInt32(start + 16, true));
    return entryBytes(keyBytes, valueBytes, view.getUint32(start + 20, true));
  }

  #text(at: number, length: number): FrameText {
    const text = this.#bytes.toString('utf8', at, at + length);
    // Broken bytes decode to U+FFFD, which a record may also hold for good: only then are the bytes looked at again.
    if (text.includes('\uFFFD') && !isUtf8(Buffer.from(this.#bytes.subarray(at, at + length))))
      return INVALID_TEXT;
    return { text };
  }

  #start(index: number): number {
    const start = this.#starts[index];
    assert(start !== undefined, 'record index out of the frame');
    return start;
  }
}
const NULL_TEXT: FrameText = { text: null };
const INVALID_TEXT: FrameText = { text: null, invalid: true };
