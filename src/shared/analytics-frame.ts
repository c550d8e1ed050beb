import { assert } from './assert.ts';
import { JsonBytes } from './json-bytes.ts';

/**
 * The frame in which encoded analytics records travel back from a worker to the producer, in shared memory. Little-endian, entries
 * aligned to 8 bytes:
 *
 *   frame   u32 magic | u32 entries | u32 used bytes | u32 0 | entry…
 *   entry   u32 entry bytes | u32 record index | u32 topic index | u32 key bytes | u32 value bytes | u32 0 | key | value | padding
 *
 * `record index` is the source record's place in its record frame, `topic index` one in the list of entities.
 */
const MAGIC = 0x4153464f;
const FRAME_HEAD = 16;
const ENTRY_HEAD = 24;

/** Fills a frame; grows into a larger buffer of its own when the given one is full. */
export class AnalyticsFrameWriter {
  /** Where the value of the entry that is open is written. */
  readonly json: JsonBytes;
  #start = FRAME_HEAD;
  #count = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.json = new JsonBytes(buffer, FRAME_HEAD);
  }

  get count(): number {
    return this.#count;
  }

  /** Opens an entry, and writes everything of it but its value. */
  begin(recordIndex: number, topicIndex: number, key: string): void {
    const { json } = this;
    const start = json.used;
    json.skip(ENTRY_HEAD);
    json.text(key);
    const { view } = json;
    view.setUint32(start + 4, recordIndex, true);
    view.setUint32(start + 8, topicIndex, true);
    view.setUint32(start + 12, json.used - start - ENTRY_HEAD, true);
    view.setUint32(start + 20, 0, true);
    this.#start = start;
  }

  /** Closes the entry. What was written since it was opened is its value. */
  end(): void {
    const { json } = this;
    const start = this.#start;
    const bytes = json.used - start;
    const size = (bytes + 7) & ~7;
    json.skip(size - bytes);
    const { view } = json;
    view.setUint32(start, size, true);
    view.setUint32(start + 16, bytes - ENTRY_HEAD - view.getUint32(start + 12, true), true);
    this.#count += 1;
  }

  /** An entry whose value is there as text. */
  append(recordIndex: number, topicIndex: number, key: string, value: string): void {
    this.begin(recordIndex, topicIndex, key);
    this.json.text(value);
    this.end();
  }

  /** Seals the frame and gives the buffer it is in: the one given, or a larger one. */
  finish(): SharedArrayBuffer {
    const { view, used, buffer } = this.json;
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, this.#count, true);
    view.setUint32(8, used, true);
    view.setUint32(12, 0, true);
    return buffer;
  }
}

/** Entries of a sealed frame. */
export function analyticsFrameCount(buffer: SharedArrayBuffer): number {
  return new DataView(buffer).getUint32(4, true);
}

/** Reads a frame. Views into it end with the slot's release. Throws when the buffer holds no frame. */
export class AnalyticsFrameReader {
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #starts: Uint32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    assert(this.#view.getUint32(0, true) === MAGIC, 'no analytics frame in this buffer');
    this.count = this.#view.getUint32(4, true);
    const used = this.#view.getUint32(8, true);
    assert(used <= buffer.byteLength, 'analytics frame over-full');
    this.#starts = new Uint32Array(this.count);
    let at = FRAME_HEAD;
    for (let index = 0; index < this.count; index += 1) {
      const size = this.#view.getUint32(at, true);
      assert(size >= ENTRY_HEAD && at + size <= used, 'analytics frame entry out of bounds');
      this.#starts[index] = at;
      at += size;
    }
  }

  recordIndex(index: number): number {
    return this.#view.getUint32(this.#start(index) + 4, true);
  }

  topicIndex(index: number): number {
    return this.#view.getUint32(this.#start(index) + 8, true);
  }

  key(index: number): Buffer {
    const start = this.#start(index);
    return this.#bytes.subarray(
      start + ENTRY_HEAD,
      start + ENTRY_HEAD + this.#view.getUint32(start + 12, true),
    );
  }

  value(index: number): Buffer {
    const start = this.#start(index);
    const at = start + ENTRY_HEAD + this.#view.getUint32(start + 12, true);
    return this.#bytes.subarray(at, at + this.#view.getUint32(start + 16, true));
  }

  #start(index: number): number {
    const start = this.#starts[index];
    assert(start !== undefined, 'analytics entry out of the frame');
    return start;
  }
}
