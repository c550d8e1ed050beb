import { subscriptionPatterns } from '../shared/message-type.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import type { WorkerSettings } from '../shared/worker-protocol.ts';
import { type Config, storeSettings } from './config.ts';
import type { ConsumerSettings } from './consume.ts';
import { consumerSettings, producerSettings } from './kafka-settings.ts';
import type { ProducerSettings } from './produce.ts';

export interface PipelineSettings {
  readonly consumer: ConsumerSettings;
  readonly producer: ProducerSettings;
  /** Topics, or librdkafka regular expressions starting with `^`. */
  readonly subscription: readonly string[];
  /** How records are handed over, see docs/decisions/0006. */
  readonly handover: Config['handover'];
  readonly workers: number;
  readonly slotBytes: number;
  readonly slotsPerWorker: number;
  /** For tests, see DispatchSettings. */
  readonly poisonSlots?: boolean;
  readonly worker: Omit<WorkerSettings, 'slots' | 'board'>;
  readonly sources: readonly SourceDefinition[];
  readonly pollRecordsMax: number;
  readonly pollBytesMax: number;
  readonly inflightBytesMax: number;
  readonly pauseAboveBytes: number;
  readonly resumeBelowBytes: number;
  readonly ackIntervalMs: number;
  readonly retryBackoffMs: number;
  readonly drainTimeoutMs: number;
}

/** How long start-up waits for a broker, ms. */
const CONNECT_TIMEOUT_MS = 5000;
/** Bytes that one poll may bring, whatever the records' size. */
const POLL_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Slots of a worker by kind of store. Changes of a bucket that wait together are one conditional batch, whatever their number costs
 * Cassandra about the same, and those of one row are one write: there more wait (docs/decisions/0014).
 */
const SLOTS: Readonly<Record<Config['store']['kind'], number>> = { cassandra: 16, embedded: 6, none: 6 };

/** The configuration as the pipeline takes it. */
export function pipelineSettings(config: Config, workers: number): PipelineSettings {
  const { pipeline, references, kafka } = config;
  const sources: SourceDefinition[] = config.sources.map((source) => ({ ...source }));
  return {
    consumer: { ...consumerSettings(config), connectTimeoutMs: CONNECT_TIMEOUT_MS },
    producer: { ...producerSettings(config), connectTimeoutMs: CONNECT_TIMEOUT_MS },
    subscription: [...subscriptionPatterns(sources), ...kafka.extraTopics],
    sources,
    handover: config.handover,
    workers,
    slotBytes: config.workers.slotBytes,
    slotsPerWorker: config.workers.slotsPerWorker || SLOTS[config.store.kind],
    worker: {
      sources,
      store: storeSettings(config),
      references: { ...references },
      eventTypes: config.events.types.map((mapping) => ({ ...mapping })),
      write: {
        batchRowsMax: pipeline.batchRowsMax,
        statementsMax: pipeline.statementsMax,
        attemptsMax: pipeline.retryAttemptsMax,
        backoffMs: pipeline.retryBackoffMs,
        backoffMaxMs: pipeline.retryBackoffMaxMs,
        failuresToOpen: pipeline.circuit.failuresToOpen,
        probeIntervalMs: pipeline.circuit.probeIntervalMs,
      },
    },
    pollRecordsMax: kafka.consumer.batchRecords,
    pollBytesMax: POLL_BYTES_MAX,
    inflightBytesMax: Math.floor(pipeline.inflightBytesMax / workers),
    pauseAboveBytes: pipeline.pauseAboveBytes,
    resumeBelowBytes: pipeline.resumeBelowBytes,
    ackIntervalMs: pipeline.ackIntervalMs,
    retryBackoffMs: pipeline.retryBackoffMs,
    drainTimeoutMs: pipeline.drainTimeoutMs,
  };
}
