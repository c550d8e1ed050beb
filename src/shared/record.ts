/**
 * One Kafka record as the decoder sees it: texts, not bytes. `offset` is exact up to 2^53.
 * Replayed dead letters carry their original place in headers; `orderOf` is what orders them.
 */
export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970 UTC. */
  readonly timestamp: number;
  readonly key: string | null;
  /** Without `valuePrefix`. */
  readonly value: string | null;
  /** What the value begins with, if that is known for itself because other records begin so, too; mostly empty. */
  readonly valuePrefix: string;
  /** Parsed only when asked for: most records are decided without them. */
  header(name: string): string | undefined;
}

/** A captured record: one line of a .jsonl file (contract, section 3). */
export interface CapturedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}
