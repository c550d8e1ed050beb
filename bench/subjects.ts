import { batch } from './batch.bench.ts';
import { decode } from './decode.bench.ts';
import { enrich } from './enrich.bench.ts';
import { frame } from './frame.bench.ts';
import type { Subject } from './harness.ts';
import { pipelineEmbedded } from './pipeline-embedded.bench.ts';

/** Every subject, in the order in which they are run and shown. */
export const SUBJECTS: readonly Subject[] = [frame, decode, enrich, batch, pipelineEmbedded];
