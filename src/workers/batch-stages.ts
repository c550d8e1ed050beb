import type { ReferenceEpochs } from '../shared/shared-board.ts';
import { AcknowledgedChanges } from './acknowledged-changes.ts';
import { Completer } from './complete.ts';
import type { Decoder } from './decode.ts';
import { Enricher } from './enrich.ts';
import { FollowUpRun } from './follow-up.ts';
import { KeyMoves } from './key-move.ts';
import { DeviceLinker } from './link-devices.ts';
import { LookUp, type Patiently } from './look-up.ts';
import { OwnedRowsKeeper } from './owned-rows.ts';
import type { ReferenceProvider } from './providers/provider.ts';
import { type CacheSettings, ReferenceCache } from './reference-cache.ts';
import type { Store } from './stores/store.ts';
import { TruncationSweep, Truncations } from './truncations.ts';
import type { Writer } from './write.ts';

/** Adds to a counter of the batch's result: names as in main's table of metrics. */
export type Count = (name: string, by?: number) => void;

/** What a worker's stages are made of. */
export interface StageParts {
  readonly decoder: Decoder;
  readonly store: Store;
  /** Null where there is no store: every mutation counts as written. */
  readonly writer: Writer | null;
  readonly words: ReferenceEpochs;
  readonly references: CacheSettings;
  readonly providers: readonly ReferenceProvider[];
  readonly patiently: Patiently;
  readonly topicOf: (topicId: number) => string;
  readonly now: () => number;
  readonly count: Count;
  /** Takes the counters that grew since it was last asked. */
  readonly takeCounters: () => Record<string, number>;
  /** Takes what the operator has to be told. */
  readonly takeNotices: () => string[];
}

/** What a batch passes on its way through a worker. */
export interface BatchStages extends StageParts {
  readonly acknowledged: AcknowledgedChanges;
  readonly truncations: Truncations;
  readonly cache: ReferenceCache;
  readonly enricher: Enricher;
  readonly moves: KeyMoves;
  readonly owned: OwnedRowsKeeper;
  readonly completer: Completer;
  readonly linker: DeviceLinker;
  readonly followUps: FollowUpRun;
}

/** Puts a worker's stages together. */
export function createStages(parts: StageParts): BatchStages {
  const { store, writer, words, patiently, count, now } = parts;
  const cache = new ReferenceCache(parts.references, words);
  const lookUp = new LookUp(cache, store, patiently, parts.providers);
  const completer = new Completer(store, lookUp, patiently, count);
  const linker = new DeviceLinker(store, patiently);
  const sweep = new TruncationSweep(store, patiently);
  return {
    ...parts,
    acknowledged: new AcknowledgedChanges(),
    truncations: new Truncations(store, words, patiently, now),
    cache,
    enricher: new Enricher(cache, lookUp, writer !== null),
    moves: new KeyMoves(store, (mutation) => writer?.settled(mutation) ?? Promise.resolve(), patiently),
    owned: new OwnedRowsKeeper(store, patiently),
    completer,
    linker,
    followUps: new FollowUpRun({ store, cache, completer, linker, sweep, patiently }),
  };
}
