/** Headers as node-rdkafka gives them: one object a header, one property an object. */
export type RecordHeaders = readonly Readonly<Record<string, Uint8Array | string | null>>[];

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
