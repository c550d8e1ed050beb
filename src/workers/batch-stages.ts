import type { AcknowledgedChanges } from './acknowledged-changes.ts';
import type { Completer } from './complete.ts';
import type { Decoder } from './decode.ts';
import type { Enricher } from './enrich.ts';
import type { FollowUpRun } from './follow-up.ts';
import type { KeyMoves } from './key-move.ts';
import type { Patiently } from './look-up.ts';
import type { OwnedRowsKeeper } from './owned-rows.ts';
import type { Store } from './stores/store.ts';
import type { Truncations } from './truncations.ts';
import type { Writer } from './write.ts';

/** What a batch passes on its way through a worker. */
export interface BatchStages {
  readonly decoder: Decoder;
  readonly acknowledged: AcknowledgedChanges;
  readonly truncations: Truncations;
  readonly enricher: Enricher;
  readonly moves: KeyMoves;
  readonly owned: OwnedRowsKeeper;
  /** Null where there is no store: every mutation counts as written. */
  readonly writer: Writer | null;
  readonly store: Store;
  readonly completer: Completer;
  readonly followUps: FollowUpRun;
  readonly patiently: Patiently;
  readonly topicOf: (topicId: number) => string;
  readonly now: () => number;
  /** Adds to a counter of the batch's result: names as in main's table of metrics. */
  readonly count: Count;
  /** Takes what the operator has to be told. */
  readonly takeNotices: () => string[];
  /** Takes the counters that grew since it was last asked. */
  readonly takeCounters: () => Record<string, number>;
}

/** Adds to a counter of the batch's result. */
export type Count = (name: string, by?: number) => void;
