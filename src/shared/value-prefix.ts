/**
 * With `schemas.enable=true` each value of a topic begins with the same schema, many times longer than what follows. In a frame it
 * stands once, in the first value that has it; later values point there (record-frame.ts). `native/src/frame.h` does the same.
 */

/** Bytes of the frame that a value begins with; none when `bytes` is 0. */
export interface ValuePrefix {
  readonly at: number;
  readonly bytes: number;
}

interface KnownPrefix extends ValuePrefix {
  readonly topicId: number;
}

const NONE: ValuePrefix = { at: 0, bytes: 0 };
const OPENING = Buffer.from('{"schema":');
/** In a JSON text this stands behind a member's value: inside of a string the quotes would be escaped. */
const PAYLOAD = Buffer.from(',"payload":');
/** Of a frame. A topic has few: one a table version, and one a table that shares it. */
const KNOWN_MAX = 64;

export class ValuePrefixes {
  readonly #frame: Buffer;
  readonly #known: KnownPrefix[] = [];

  /** `frame`: where the values are put. */
  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  clear(): void {
    this.#known.length = 0;
  }

  /** What a value has in common with one that is in the frame. */
  find(topicId: number, value: Uint8Array | null): ValuePrefix {
    if (value === null || !hasOpening(value)) return NONE;
    for (const known of this.#known) {
      const { at, bytes } = known;
      if (known.topicId !== topicId || value.length < bytes) continue;
      if (this.#frame.compare(value, 0, bytes, at, at + bytes) === 0) return known;
    }
    return NONE;
  }

  /** A value without a known prefix was put into the frame. */
  learn(topicId: number, value: Uint8Array | null, at: number): void {
    if (value === null || this.#known.length === KNOWN_MAX || !hasOpening(value)) return;
    const payloadAt = this.#frame.subarray(at, at + value.length).indexOf(PAYLOAD);
    if (payloadAt >= 0) this.#known.push({ topicId, at, bytes: payloadAt + PAYLOAD.length });
  }
}

function hasOpening(value: Uint8Array): boolean {
  return value.length >= OPENING.length && OPENING.every((byte, index) => value[index] === byte);
}
