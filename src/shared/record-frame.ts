import { isUtf8 } from 'node:buffer';
import { assert } from './assert.ts';
import { ValuePrefixes } from './value-prefix.ts';

/**
 * The frame in which Kafka records travel from the consumer to a worker, in shared memory. Whoever fills it (main's JavaScript, a
 * native consumer) and whoever reads it agree on this layout and on nothing else. Little-endian, entries aligned to 8 bytes:
 *
 *   frame   u32 magic | u32 records | u32 used bytes | u32 0 | entry…
 *   entry   u32 entry bytes | u32 topic id | i32 partition | i32 key bytes (-1: null) | i32 value bytes (-1: null)
 *           | u32 header bytes | f64 offset | f64 timestamp ms | u32 prefix at | u32 prefix bytes
 *           | key | value | headers | padding
 *   headers u32 count, then each: u32 name bytes | i32 value bytes (-1: null) | name | value
 *
 * A value is the `prefix bytes` that stand at `prefix at`, counted from the frame's beginning, in an entry before it, and then the
 * entry's own (value-prefix.ts).
 */
const MAGIC = 0x3153464f;
const FRAME_HEAD = 16;
const ENTRY_HEAD = 48;

export const FRAME_BYTES_MIN = 4096;

const align8 = (bytes: number): number => (bytes + 7) & ~7;

/** Bytes that a record takes in a frame at most, headers included. */
export function entryBytes(keyBytes: number, valueBytes: number, headerBytes: number): number {
  return align8(ENTRY_HEAD + keyBytes + valueBytes + headerBytes);
}

/** Bytes of a frame that holds just one such record. */
export function frameBytes(keyBytes: number, valueBytes: number, headerBytes: number): number {
  return FRAME_HEAD + entryBytes(keyBytes, valueBytes, headerBytes);
}

/** Fills a frame. The buffer may be used again after `reset`. */
export class RecordFrameWriter {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #prefixes: ValuePrefixes;
  #used = FRAME_HEAD;
  #count = 0;

  constructor(buffer: SharedArrayBuffer) {
    assert(buffer.byteLength >= FRAME_BYTES_MIN || buffer.byteLength >= FRAME_HEAD, 'frame buffer too small');
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    this.#prefixes = new ValuePrefixes(this.#bytes);
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
    this.#prefixes.clear();
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
    const prefix = this.#prefixes.find(topicId, value);
    const own = value === null || prefix.bytes === 0 ? value : value.subarray(prefix.bytes);
    const ownBytes = own === null ? 0 : own.length;
    const size = entryBytes(keyBytes, ownBytes, headers.length);
    const start = this.#used;
    if (start + size > this.#bytes.length) return false;
    const view = this.#view;
    view.setUint32(start, size, true);
    view.setUint32(start + 4, topicId, true);
    view.setInt32(start + 8, partition, true);
    view.setInt32(start + 12, key === null ? -1 : keyBytes, true);
    view.setInt32(start + 16, own === null ? -1 : ownBytes, true);
    view.setUint32(start + 20, headers.length, true);
    view.setFloat64(start + 24, offset, true);
    view.setFloat64(start + 32, timestamp, true);
    view.setUint32(start + 40, prefix.at, true);
    view.setUint32(start + 44, prefix.bytes, true);
    const valueAt = start + ENTRY_HEAD + keyBytes;
    if (key !== null) this.#bytes.set(key, start + ENTRY_HEAD);
    if (own !== null) this.#bytes.set(own, valueAt);
    if (headers.length > 0) this.#bytes.set(headers, valueAt + ownBytes);
    if (prefix.bytes === 0) this.#prefixes.learn(topicId, value, valueAt);
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
  /** Prefixes as texts, by their place and length. */
  readonly #prefixTexts = new Map<number, { readonly bytes: number; readonly text: FrameText }>();

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
      const prefixEnd = this.#view.getUint32(at + 40, true) + this.#view.getUint32(at + 44, true);
      assert(prefixEnd <= at, 'record frame entry whose prefix is not in front of it');
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

  /** The value's bytes: a view into the frame, or a copy if it begins with a prefix. */
  value(index: number): Buffer | null {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 16, true);
    if (length < 0) return null;
    const at = this.#valueAt(start);
    const own = this.#bytes.subarray(at, at + length);
    const prefixBytes = this.#view.getUint32(start + 44, true);
    if (prefixBytes === 0) return own;
    const prefixAt = this.#view.getUint32(start + 40, true);
    return Buffer.concat([this.#bytes.subarray(prefixAt, prefixAt + prefixBytes), own]);
  }

  keyText(index: number): FrameText {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 12, true);
    return length < 0 ? NULL_TEXT : this.#text(start + ENTRY_HEAD, length);
  }

  /** What the value begins with; the same text object for all that share it, and empty for most. */
  valuePrefixText(index: number): FrameText {
    const start = this.#start(index);
    const bytes = this.#view.getUint32(start + 44, true);
    if (bytes === 0) return NO_TEXT;
    const at = this.#view.getUint32(start + 40, true);
    const known = this.#prefixTexts.get(at);
    if (known?.bytes === bytes) return known.text;
    const text = this.#text(at, bytes);
    this.#prefixTexts.set(at, { bytes, text });
    return text;
  }

  /** The value, without its prefix. */
  valueText(index: number): FrameText {
    const start = this.#start(index);
    const length = this.#view.getInt32(start + 16, true);
    if (length < 0) return NULL_TEXT;
    return this.#text(this.#valueAt(start), length);
  }

  /** Name and value of every header, as copies; null values stay null. */
  headers(index: number): [string, Buffer | null][] {
    const start = this.#start(index);
    const view = this.#view;
    if (view.getUint32(start + 20, true) === 0) return [];
    let at = this.#valueAt(start) + Math.max(0, view.getInt32(start + 16, true));
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

  /** Where the entry's own part of its value begins. */
  #valueAt(start: number): number {
    return start + ENTRY_HEAD + Math.max(0, this.#view.getInt32(start + 12, true));
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
const NO_TEXT: FrameText = { text: '' };
const INVALID_TEXT: FrameText = { text: null, invalid: true };
