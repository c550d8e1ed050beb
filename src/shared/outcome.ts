/**
 * What becomes of a record. Names are stable: they are metric labels, `openframe.dlq.code` headers and `transform` output.
 */

/** Records that are recognised and need no work. */
export const SKIP_REASONS = [
  'tombstone',
  'heartbeat',
  'transaction',
  'schema_change',
  'logical_message',
  'unmapped_table',
  'unmapped_document',
  'gone_at_lookup',
  /** A delete or truncate of what happened: history stays (Entity.history). */
  'history',
  /** The row says nothing (yet) that any entity keeps: a script that has not ended. */
  'nothing_happened',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why a record goes to the dead letter topic. */
export const REJECT_CODES = [
  'invalid_utf8',
  'invalid_json',
  'not_an_envelope',
  'unknown_operation',
  'missing_key',
  'invalid_key',
  'missing_column',
  'invalid_value',
  'missing_version',
  'store_rejected',
  'retries_exhausted',
  'produce_rejected',
] as const;
export type RejectCode = (typeof REJECT_CODES)[number];

/** A record's end: also the values of the `outcome` label of `openframe_stream_records_total`. */
export type Outcome = 'written' | 'stale' | 'duplicate' | 'skipped' | 'dead_lettered';

/** What a worker says of a record that has to be parked. `index` is the record's place in its frame. */
export interface DeadLetter {
  readonly index: number;
  readonly code: RejectCode;
  readonly message: string;
  /** Stage that gave up, as Kafka Connect names them in `__connect.errors.stage`. */
  readonly stage: 'VALUE_CONVERTER' | 'TRANSFORMATION' | 'TASK_PUT';
  readonly errorClass: string;
  readonly stack: string;
  readonly attempts: number;
  /** Milliseconds since 1970 UTC. */
  readonly firstFailedAt: number;
}
