/** Every metric beside the stage latencies, the write latency histogram and prom-client's own process metrics. */

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** Never a tenant, never a key. */
  readonly labels: readonly string[];
}

function gauge<const Labels extends readonly string[]>(name: string, help: string, labels: Labels) {
  return { type: 'gauge', name, help, labels } as const;
}

function counter<const Labels extends readonly string[]>(name: string, help: string, labels: Labels) {
  return { type: 'counter', name, help, labels } as const;
}

export const METRICS = {
  // Names that the architecture document gives.
  consumerLag: gauge('kafka_consumer_lag', 'Records between the last commit and the end of the partition.', [
    'topic',
    'partition',
  ]),
  processRate: gauge(
    'streams_task_process_rate',
    'Records per second that a worker finished, over the last seconds.',
    ['task'],
  ),

  consumerLagSeconds: gauge(
    'openframe_stream_consumer_lag_seconds',
    'Age of the oldest record of a topic that is not committed.',
    ['topic'],
  ),
  consumedRecords: counter('openframe_stream_consumed_records_total', 'Records taken from Kafka.', ['topic']),
  consumedBytes: counter(
    'openframe_stream_consumed_bytes_total',
    'Bytes of keys and values taken from Kafka.',
    ['topic'],
  ),
  records: counter('openframe_stream_records_total', 'Records by what became of them.', [
    'outcome',
    'reason',
  ]),
  deadLetters: counter('openframe_stream_dead_letters_total', 'Records sent to a dead letter topic.', [
    'code',
  ]),
  producedRecords: counter(
    'openframe_stream_produced_records_total',
    'Records produced, acknowledged or not.',
    ['topic'],
  ),
  produceErrors: counter('openframe_stream_produce_errors_total', 'Records that no broker acknowledged.', [
    'topic',
  ]),

  commits: counter('openframe_stream_commits_total', 'Offset commits.', ['result']),
  frontierGap: gauge('openframe_stream_frontier_gap_records', 'Records consumed and not yet committable.', [
    'topic',
    'partition',
  ]),
  rebalances: counter('openframe_stream_rebalances_total', 'Changes of the assignment.', ['event']),
  assignedPartitions: gauge('openframe_stream_assigned_partitions', 'Partitions that this process owns.', []),
  pausedPartitions: gauge('openframe_stream_paused_partitions', 'Owned partitions that are paused.', []),

  inflightBytes: gauge(
    'openframe_stream_inflight_bytes',
    'Record bytes between poll and acknowledgement.',
    [],
  ),
  inflightRecords: gauge(
    'openframe_stream_inflight_records',
    'Records between poll and acknowledgement.',
    [],
  ),
  circuitOpen: gauge(
    'openframe_stream_circuit_open',
    'Whether a destination counts as away (1) or not (0).',
    ['destination'],
  ),
  retries: counter('openframe_stream_retries_total', 'Attempts after the first.', ['destination']),

  referenceLookups: counter(
    'openframe_stream_reference_lookups_total',
    'References looked up, by where the answer came from.',
    ['result'],
  ),
  completedRows: counter(
    'openframe_stream_completed_rows_total',
    'Rows brought up to date after another row that they refer to came or changed, and links between devices.',
    ['entity'],
  ),
  waitingRows: counter(
    'openframe_stream_waiting_rows_total',
    'Rows written while a row that they refer to was not there yet.',
    [],
  ),
  followUps: counter('openframe_stream_follow_ups_total', 'Changes that made work at other rows.', ['kind']),
  provider: counter(
    'openframe_stream_reference_providers_total',
    'References that providers were asked for, by what they answered.',
    ['provider', 'result'],
  ),
  mergedChanges: counter(
    'openframe_stream_merged_changes_total',
    'Changes merged into another of the same row and batch.',
    [],
  ),
  writes: counter('openframe_stream_store_writes_total', 'Changes by what the store did with them.', [
    'entity',
    'result',
  ]),

  guard: counter('openframe_stream_guard_total', 'Values that a data-quality guard changed or refused.', [
    'message_type',
    'rule',
  ]),
  unmapped: counter('openframe_stream_unmapped_total', 'Records of tables that nothing is mapped from.', [
    'table',
  ]),
  unmappedEvents: counter(
    'openframe_stream_unmapped_events_total',
    'Events of a source type that no unified type is known for: see events.types.',
    ['tool', 'source_type'],
  ),

  workers: gauge('openframe_stream_workers', 'Worker threads.', []),
  workerUtilisation: gauge(
    'openframe_stream_worker_utilisation_ratio',
    'Share of time in which a worker’s loop was busy.',
    ['task'],
  ),
  eventLoopUtilisation: gauge(
    'openframe_stream_event_loop_utilisation_ratio',
    'Share of time in which the main loop was busy.',
    [],
  ),
  buildInfo: gauge('openframe_stream_build_info', 'Always 1; versions in the labels.', [
    'version',
    'node',
    'librdkafka',
  ]),
} as const satisfies Record<string, MetricDefinition>;

export type MetricKey = keyof typeof METRICS;
