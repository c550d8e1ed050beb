import { describe, expect, test } from 'vitest';
import { type PinotDefinition, pinotDefinitions } from '../../src/cli/pinot/definitions.ts';
import { isObject, objectsOf } from '../../src/cli/pinot/json-value.ts';
import { loadConfig } from '../../src/main/config.ts';
import { must } from '../../src/shared/assert.ts';
import { ENTITIES, type Entity } from '../../src/shared/entity.ts';
import { encodeRow } from '../../src/workers/analytics-record.ts';

const { config } = loadConfig(
  {},
  {
    OPENFRAME_STREAM_KAFKA__BROKERS: 'kafka:9092',
    OPENFRAME_STREAM_KAFKA__TOPICS__ANALYTICS_PARTITIONS: '3',
    OPENFRAME_STREAM_EVENTS__KEEP_DAYS: '30',
  },
);
const definitions = pinotDefinitions(config);
const entities = Object.values<Entity>(ENTITIES);
const definitionOf = (name: string): PinotDefinition =>
  must(
    definitions.find((definition) => definition.name === name),
    name,
  );

/** Every path to a value, lists of objects looked through, list of texts taken as one value. */
function paths(value: unknown, prefix = ''): string[] {
  const below = Array.isArray(value) ? objectsOf(value) : isObject(value) ? [value] : [];
  if (below.every((object) => Object.keys(object).length === 0)) return [prefix];
  return below.flatMap((object) =>
    Object.entries(object).flatMap(([name, inner]) => paths(inner, `${prefix}/${name}`)),
  );
}

/** Places of a table that a real Pinot 1.5.1 took, consumed with and answered queries from: upsert, and the JSON index of another. */
const PROVEN_TABLE = [
  '/tableName',
  '/tableType',
  '/segmentsConfig/timeColumnName',
  '/segmentsConfig/replication',
  '/segmentsConfig/retentionTimeUnit',
  '/segmentsConfig/retentionTimeValue',
  '/tenants',
  '/tableIndexConfig/nullHandlingEnabled',
  '/tableIndexConfig/invertedIndexColumns',
  '/tableIndexConfig/jsonIndexConfigs',
  '/tableIndexConfig/segmentPartitionConfig/columnPartitionMap/(column)/functionName',
  '/tableIndexConfig/segmentPartitionConfig/columnPartitionMap/(column)/numPartitions',
  '/routing/instanceSelectorType',
  '/routing/segmentPrunerTypes',
  '/upsertConfig/mode',
  '/upsertConfig/comparisonColumns',
  '/upsertConfig/deleteRecordColumn',
  '/upsertConfig/snapshot',
  '/ingestionConfig/continueOnError',
  ...[
    'streamType',
    'stream.kafka.topic.name',
    'stream.kafka.broker.list',
    'stream.kafka.consumer.factory.class.name',
    'stream.kafka.decoder.class.name',
    'stream.kafka.consumer.prop.auto.offset.reset',
    'stream.kafka.isolation.level',
    'realtime.segment.flush.threshold.rows',
    'realtime.segment.flush.threshold.time',
    'realtime.segment.flush.threshold.segment.size',
  ].map((name) => `/ingestionConfig/streamIngestionConfig/streamConfigMaps/${name}`),
  '/metadata',
];
/** Read in Pinot's source only. */
const NEW_IN_TABLE = ['/tableIndexConfig/noDictionaryColumns'];

describe('the definitions', () => {
  test('are there for every entity with an analytics topic, under its table’s name', () => {
    expect(definitions.map(({ name }) => name)).toEqual(
      entities.filter(({ analyticsTopic }) => analyticsTopic !== null).map(({ table }) => table),
    );
  });

  test('say nothing in a place that the proven ones do not have', () => {
    for (const { table } of definitions) {
      const places = paths(table).map((path) =>
        path.replace('/__key/', '/(column)/').replace('/jsonIndexConfigs/details', '/jsonIndexConfigs'),
      );
      for (const place of places) expect([...PROVEN_TABLE, ...NEW_IN_TABLE]).toContain(place);
    }
    const all = definitions.flatMap(({ table }) => paths(table));
    for (const place of PROVEN_TABLE.filter((path) => !/column\)|jsonIndex/.test(path)))
      expect(all).toContain(place);
  });

  test('upsert whole rows by version, and are partitioned as the topic is', () => {
    for (const { table } of definitions) {
      expect(table).toMatchObject({
        tableType: 'REALTIME',
        tableIndexConfig: {
          nullHandlingEnabled: true,
          segmentPartitionConfig: {
            columnPartitionMap: { __key: { functionName: 'Murmur', numPartitions: 3 } },
          },
        },
        routing: { instanceSelectorType: 'strictReplicaGroup', segmentPrunerTypes: ['partition'] },
        upsertConfig: {
          mode: 'FULL',
          comparisonColumns: ['version'],
          deleteRecordColumn: 'deleted',
          snapshot: 'ENABLE',
        },
      });
    }
  });

  test('take each column by the type that its records have', () => {
    const { schema } = definitionOf('devices');
    const fields = new Map(
      [...schema.dimensionFieldSpecs, ...schema.dateTimeFieldSpecs].map((field) => [field.name, field]),
    );
    expect(schema.primaryKeyColumns).toEqual(['tool', 'id']);
    expect(fields.get('memory_bytes')).toEqual({ name: 'memory_bytes', dataType: 'LONG' });
    expect(fields.get('disk_free_gb')?.dataType).toBe('BIG_DECIMAL');
    expect(fields.get('online')?.dataType).toBe('BOOLEAN');
    expect(fields.get('deleted')?.dataType).toBe('BOOLEAN');
    expect(fields.get('tags')).toMatchObject({ dataType: 'STRING', singleValueField: false });
    const time = { dataType: 'TIMESTAMP', format: 'TIMESTAMP', granularity: '1:MILLISECONDS' };
    for (const name of ['source_ts', 'processed_at', 'last_seen'])
      expect(fields.get(name)).toEqual({ name, ...time });
  });

  test('never have a text cut: a cut id would make one row of two', () => {
    for (const { schema } of definitions) {
      for (const field of schema.dimensionFieldSpecs.filter(({ dataType }) => /STRING|JSON/.test(dataType)))
        expect(field.maxLengthExceedStrategy).toBe('NO_ACTION');
    }
  });

  test('keep events by their own time and for as long as the store does, other rows for ever', () => {
    const { schema, table } = definitionOf('events');
    expect(table.segmentsConfig).toEqual({
      timeColumnName: 'event_time',
      replication: '1',
      retentionTimeUnit: 'DAYS',
      retentionTimeValue: '30',
    });
    expect(table.tableIndexConfig).toMatchObject({ jsonIndexConfigs: { details: {} } });
    expect(schema.dimensionFieldSpecs).toContainEqual(
      expect.objectContaining({ name: 'details', dataType: 'JSON' }),
    );
    expect(definitionOf('devices').table.segmentsConfig).toEqual({
      timeColumnName: 'source_ts',
      replication: '1',
    });
  });

  test('index columns that the entity has and that have a dictionary', () => {
    const { tableIndexConfig } = definitionOf('events').table;
    expect(tableIndexConfig).toMatchObject({
      invertedIndexColumns: [
        'organisation_id',
        'site_id',
        'event_type',
        'severity',
        'actor_id',
        'device_id',
        'device_ids',
      ],
      noDictionaryColumns: ['summary', 'details'],
    });
  });

  test('have a column for everything that a record says', () => {
    for (const entity of entities) {
      if (entity.analyticsTopic === null) continue;
      const values = {
        text: 'x',
        boolean: true,
        int: 1,
        bigint: 1n,
        double: 1.5,
        decimal: '1.5',
        timestamp: 1,
      };
      const columns = Object.fromEntries(
        Object.entries(entity.columns).map(([name, type]) => [
          name,
          type === 'set<text>' ? ['x'] : values[type],
        ]),
      );
      const record = encodeRow(
        {
          entity: entity.name as keyof typeof ENTITIES,
          tool: 'authentik',
          id: '1',
          deleted: false,
          versions: { main: '0-0' },
          sourceTs: { main: 1 },
          columns,
        },
        { operation: 'update', facet: 'main', sourceTs: 1 },
        2,
      );
      const { schema } = definitionOf(entity.table);
      const known = [...schema.dimensionFieldSpecs, ...schema.dateTimeFieldSpecs].map(({ name }) => name);
      const told = Object.keys(JSON.parse(must(record, 'record').value));
      expect([...told, '__key'].sort()).toEqual([...known].sort());
    }
  });

  test('name the topic, the brokers as Pinot reaches them and more of the consumer where it is configured', () => {
    const stream = (environment: Record<string, string>) => {
      const [definition] = pinotDefinitions(loadConfig({}, environment).config);
      return definition?.table.ingestionConfig;
    };
    expect(JSON.stringify(stream({}))).toContain('"stream.kafka.broker.list":"localhost:9092"');
    const text = JSON.stringify(
      stream({
        OPENFRAME_STREAM_PINOT__KAFKA_BROKERS: 'a:1,b:2',
        OPENFRAME_STREAM_PINOT__KAFKA_CLIENT: 'kafka30',
        OPENFRAME_STREAM_PINOT__KAFKA_PROPERTIES: 'security.protocol=SSL',
      }),
    );
    expect(text).toContain('"stream.kafka.broker.list":"a:1,b:2"');
    expect(text).toContain('stream.kafka30.KafkaConsumerFactory');
    expect(text).toContain('"security.protocol":"SSL"');
    expect(text).toContain('"stream.kafka.topic.name":"organisation-analytics"');
  });
});
