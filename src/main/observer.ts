import type { StageSeconds } from '../shared/worker-protocol.ts';

/** What the pipeline tells of itself; metrics, progress and the demo's summary listen. Numbers are per batch, never per record. */
export interface PipelineObserver {
  polled(records: number, bytes: number, seconds: number): void;
  /** A worker is done with a batch. `queueSeconds`: round trip less the worker's own stages. */
  processed(worker: number, records: number, stages: StageSeconds, queueSeconds: number): void;
  outcomes(counts: Readonly<Record<string, number>>): void;
  counters(counts: Readonly<Record<string, number>>): void;
  produced(topic: string, records: number): void;
  deadLetter(code: string): void;
  /** The brokers acknowledged everything produced since the last time. */
  confirmed(seconds: number): void;
  /** Records reached every destination; `endToEndSeconds` is from the newest record's Kafka timestamp. */
  acknowledged(records: number, endToEndSeconds: number): void;
  commitFinished(error: Error | null): void;
  paused(paused: boolean): void;
  rebalanced(event: 'assigned' | 'revoked'): void;
  /** Brokers did not acknowledge records; they are produced again or parked. */
  produceFailed(topic: string): void;
}

/** Listens to nothing. */
export const SILENT_OBSERVER: PipelineObserver = {
  polled: () => undefined,
  processed: () => undefined,
  outcomes: () => undefined,
  counters: () => undefined,
  produced: () => undefined,
  deadLetter: () => undefined,
  confirmed: () => undefined,
  acknowledged: () => undefined,
  commitFinished: () => undefined,
  paused: () => undefined,
  rebalanced: () => undefined,
  produceFailed: () => undefined,
};
