import { batch } from './batch.bench.ts';
import { decode } from './decode.bench.ts';
import { enrich } from './enrich.bench.ts';
import { frame } from './frame.bench.ts';
import { GROWTH } from './growth.bench.ts';
import { growthHotKey, growthMisses } from './growth-store.bench.ts';
import { handOver } from './hand-over.bench.ts';
import type { Subject } from './harness.ts';
import { latency } from './latency.bench.ts';
import { memory } from './memory.bench.ts';
import { peers } from './peers.bench.ts';
import { pipelineCassandra } from './pipeline-cassandra.bench.ts';
import { pipelineEmbedded } from './pipeline-embedded.bench.ts';
import { pipelineKafka } from './pipeline-kafka.bench.ts';
import { queries } from './queries.bench.ts';
import { start } from './start.bench.ts';
import { tools } from './tools.bench.ts';

/** Every subject, in the order in which they are run and shown. */
export const SUBJECTS: readonly Subject[] = [
  frame,
  handOver,
  decode,
  enrich,
  batch,
  tools,
  pipelineEmbedded,
  pipelineKafka,
  pipelineCassandra,
  peers,
  queries,
  ...GROWTH,
  growthMisses,
  growthHotKey,
  latency,
  memory,
  start,
];
