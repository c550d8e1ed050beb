import type { EventTypeMapping } from './event-type.ts';
import type { FollowUp } from './follow-up.ts';
import type { DeadLetter, Outcome } from './outcome.ts';
import type { ProviderSettings, SourceDefinition, StoreSettings } from './settings.ts';

/**
 * What main and the workers say to each other. Records and analytics travel in the slots' shared memory; these messages are the
 * control beside them, cloned by Piscina.
 */

/** Two buffers that one batch uses on its way to a worker and back. Owned by main; lent to the worker while its task runs. */
export interface Slot {
  readonly records: SharedArrayBuffer;
  readonly analytics: SharedArrayBuffer;
}

export interface WriteSettings {
  /** Rows of one bucket in one conditional batch. */
  readonly batchRowsMax: number;
  /** Batches in flight at the store, per worker. */
  readonly statementsMax: number;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Failures in a row, without a success between them, that open the circuit. */
  readonly failuresToOpen: number;
  readonly probeIntervalMs: number;
}

export interface ReferenceSettings {
  readonly cacheBytes: number;
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  /** Time between looks at rows that wait for a reference that a provider may know. */
  readonly retryMs: number;
  /** Asked in this order for what neither the stream nor the store knows. */
  readonly providers: readonly ProviderSettings[];
}

/** Given to every worker when it starts (Piscina's `workerData`). */
export interface WorkerSettings {
  readonly sources: readonly SourceDefinition[];
  readonly store: StoreSettings;
  readonly write: WriteSettings;
  readonly references: ReferenceSettings;
  /** What the configuration adds to the tables of event types. */
  readonly eventTypes: readonly EventTypeMapping[];
  /** By worker, then by slot. */
  readonly slots: readonly (readonly Slot[])[];
  readonly board: SharedBoard;
}

/** Small shared words, see shared-board.ts. */
export interface SharedBoard {
  /** Int32 per worker: 1 while its circuit to the store is open. */
  readonly circuits: SharedArrayBuffer;
  /** Int32 per hash of (table, bucket): 1 while a conditional statement is in flight. */
  readonly bucketLocks: SharedArrayBuffer;
  /** Int32 per hash of a reference: grows when the reference changed, so that every worker's cache notices. */
  readonly referenceEpochs: SharedArrayBuffer;
}

export interface BatchTask {
  readonly worker: number;
  readonly slot: number;
  /** The worker's batches are counted from 0. */
  readonly batch: number;
  /** Every batch of the worker up to this one is acknowledged; -1 for none. */
  readonly acknowledged: number;
  /** Instead of the slot's record buffer, for a record that is larger than that. */
  readonly oversize?: SharedArrayBuffer;
  /** Topics that this worker has not been told of yet: id and name. */
  readonly topics: readonly (readonly [number, string])[];
}

/** Seconds that a batch spent in a stage. */
export interface StageSeconds {
  readonly decode: number;
  readonly enrich: number;
  readonly encode: number;
  readonly write: number;
}

export interface BatchResult {
  readonly deadLetters: readonly DeadLetter[];
  /** `outcome` or `outcome:reason` to records. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Counters that grew: see main/metrics.ts for the names. */
  readonly counters: Readonly<Record<string, number>>;
  readonly stages: StageSeconds;
  /** The analytics frame, when it outgrew the slot's buffer. */
  readonly overflow?: SharedArrayBuffer;
  /** For the operator's log. */
  readonly notices: readonly string[];
  /** What has to be done before the batch is acknowledged. */
  readonly followUps: readonly FollowUp[];
}

/** Asks a worker for the next part of follow-up work. The same id again goes on where the last part ended. */
export interface FollowUpTask {
  readonly worker: number;
  readonly id: number;
  readonly followUps: readonly FollowUp[];
}

export interface FollowUpResult {
  /** An analytics frame of the rows that changed; record indexes in it mean nothing. */
  readonly analytics: SharedArrayBuffer;
  readonly counters: Readonly<Record<string, number>>;
  /** To be done once more when no cache holds what was before. */
  readonly repeat: readonly FollowUp[];
  /** False: ask again. */
  readonly done: boolean;
}

/** Why a worker could not open its store. A value, because an error loses its class on the way between threads. */
export interface Unavailable {
  readonly unavailable: string;
}

export type { Outcome };
