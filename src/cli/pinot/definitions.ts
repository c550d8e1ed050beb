import type { Config } from '../../main/config.ts';
import { type ColumnType, ENTITIES, type Entity } from '../../shared/entity.ts';
import type { JsonObject } from './json-value.ts';

/**
 * Pinot's schema and table of every entity that analytics keeps, made from the canonical model. Why they are as they are:
 * docs/decisions/0005-analytics-in-pinot.md.
 */

export interface FieldSpec extends JsonObject {
  readonly name: string;
  readonly dataType: string;
}

export interface PinotSchema extends JsonObject {
  readonly schemaName: string;
  readonly primaryKeyColumns: readonly string[];
  readonly dimensionFieldSpecs: readonly FieldSpec[];
  readonly dateTimeFieldSpecs: readonly FieldSpec[];
}

export interface PinotTable extends JsonObject {
  readonly tableName: string;
}

export interface PinotDefinition {
  /** Of the schema and of the table. */
  readonly name: string;
  readonly schema: PinotSchema;
  readonly table: PinotTable;
}

const DATA_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'STRING',
  boolean: 'BOOLEAN',
  int: 'INT',
  bigint: 'LONG',
  double: 'DOUBLE',
  decimal: 'BIG_DECIMAL',
  timestamp: 'TIMESTAMP',
  'set<text>': 'STRING',
};

/** Texts that hold JSON, by `<entity>.<column>`: they can be searched by their members. */
const JSON_COLUMNS: ReadonlySet<string> = new Set(['event.details']);
/** Texts that are long or hardly ever repeat: a dictionary would pad each of them to the longest. */
const LONG_COLUMNS: ReadonlySet<string> = new Set([
  'description',
  'details',
  'data',
  'error',
  'message',
  'output',
  'query',
  'resolution',
  'summary',
]);
/** What reports ask for, beside the columns by which the store finds rows. */
const ASKED_FOR: readonly string[] = ['organisation_id', 'event_type', 'severity', 'device_ids'];

/** The record's key, which Pinot gives to a column of this name: what the topic is partitioned by. */
const KEY_COLUMN = '__key';
const KEY_FIELDS: readonly FieldSpec[] = ['tool', 'id', KEY_COLUMN].map((name) => textField(name, 'STRING'));
/** What a record says beside its columns (workers/analytics-record.ts). */
const RECORD_FIELDS: readonly FieldSpec[] = [
  ...['op', 'version', 'facet'].map((name) => textField(name, 'STRING')),
  { name: 'deleted', dataType: 'BOOLEAN' },
];
const RECORD_TIMES: readonly string[] = ['source_ts', 'processed_at'];

/** Pinot cuts texts at 512 characters unless it is told not to. */
function textField(name: string, dataType: 'STRING' | 'JSON'): FieldSpec {
  return { name, dataType, maxLengthExceedStrategy: 'NO_ACTION' };
}

function timeField(name: string): FieldSpec {
  return { name, dataType: 'TIMESTAMP', format: 'TIMESTAMP', granularity: '1:MILLISECONDS' };
}

function columnField(entity: Entity, name: string, type: ColumnType): FieldSpec {
  if (type === 'set<text>') return { ...textField(name, 'STRING'), singleValueField: false };
  if (type === 'text') return textField(name, JSON_COLUMNS.has(`${entity.name}.${name}`) ? 'JSON' : 'STRING');
  return { name, dataType: DATA_TYPES[type] };
}

function schemaOf(entity: Entity): PinotSchema {
  const columns = Object.entries(entity.columns);
  const times = columns.filter(([, type]) => type === 'timestamp').map(([name]) => name);
  return {
    schemaName: entity.table,
    primaryKeyColumns: ['tool', 'id'],
    dimensionFieldSpecs: [
      ...KEY_FIELDS,
      ...RECORD_FIELDS,
      ...columns
        .filter(([, type]) => type !== 'timestamp')
        .map(([name, type]) => columnField(entity, name, type)),
    ],
    dateTimeFieldSpecs: [...RECORD_TIMES, ...times].map(timeField),
  };
}

function indexingOf(entity: Entity, config: Config): JsonObject {
  const columns = Object.keys(entity.columns);
  const json = columns.filter((column) => JSON_COLUMNS.has(`${entity.name}.${column}`));
  const found = new Set([...ASKED_FOR, ...entity.indexes]);
  return {
    nullHandlingEnabled: true,
    invertedIndexColumns: columns.filter((column) => found.has(column)),
    noDictionaryColumns: columns.filter((column) => LONG_COLUMNS.has(column)),
    ...(json.length > 0 && { jsonIndexConfigs: Object.fromEntries(json.map((column) => [column, {}])) }),
    segmentPartitionConfig: {
      columnPartitionMap: {
        [KEY_COLUMN]: { functionName: 'Murmur', numPartitions: config.kafka.topics.analyticsPartitions },
      },
    },
  };
}

function streamOf(topic: string, { kafka, pinot }: Config): JsonObject {
  const brokers = pinot.kafkaBrokers.length > 0 ? pinot.kafkaBrokers : kafka.brokers;
  return {
    ...pinot.kafkaProperties,
    streamType: 'kafka',
    'stream.kafka.topic.name': topic,
    'stream.kafka.broker.list': brokers.join(','),
    'stream.kafka.consumer.factory.class.name': `org.apache.pinot.plugin.stream.${pinot.kafkaClient}.KafkaConsumerFactory`,
    'stream.kafka.decoder.class.name': 'org.apache.pinot.plugin.stream.kafka.KafkaJSONMessageDecoder',
    'stream.kafka.consumer.prop.auto.offset.reset': 'smallest',
    'stream.kafka.isolation.level': 'read_committed',
    'realtime.segment.flush.threshold.rows': '0',
    'realtime.segment.flush.threshold.time': '6h',
    'realtime.segment.flush.threshold.segment.size': '100M',
  };
}

function tableOf(entity: Entity, topic: string, config: Config): PinotTable {
  return {
    tableName: entity.table,
    tableType: 'REALTIME',
    segmentsConfig: {
      timeColumnName: entity.name === 'event' ? 'event_time' : 'source_ts',
      replication: String(config.pinot.replication),
      ...(entity.history && {
        retentionTimeUnit: 'DAYS',
        retentionTimeValue: String(config.events.keepDays),
      }),
    },
    tenants: {},
    tableIndexConfig: indexingOf(entity, config),
    routing: { instanceSelectorType: 'strictReplicaGroup', segmentPrunerTypes: ['partition'] },
    upsertConfig: {
      mode: 'FULL',
      comparisonColumns: ['version'],
      deleteRecordColumn: 'deleted',
      snapshot: 'ENABLE',
    },
    ingestionConfig: {
      // A value that Pinot cannot read costs its column and not the row.
      continueOnError: true,
      streamIngestionConfig: { streamConfigMaps: [streamOf(topic, config)] },
    },
    metadata: {},
  };
}

/** Of every entity with an analytics topic, in the order of the model. */
export function pinotDefinitions(config: Config): PinotDefinition[] {
  return Object.values<Entity>(ENTITIES).flatMap((entity) =>
    entity.analyticsTopic === null
      ? []
      : [
          {
            name: entity.table,
            schema: schemaOf(entity),
            table: tableOf(entity, entity.analyticsTopic, config),
          },
        ],
  );
}
