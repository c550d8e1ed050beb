import * as z from 'zod';
import { TOOLS } from '../shared/entity.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import {
  choice,
  flag,
  MIB,
  optionalText,
  secretFile,
  secretText,
  text,
  texts,
  whole,
} from './config-option.ts';
import { eventTypes } from './config-schema-events.ts';
import { kafkaSection } from './config-schema-kafka.ts';
import { pinotSection } from './config-schema-pinot.ts';
import { referencesSection } from './config-schema-references.ts';

/** The connectors of the contract, section 2. */
const DEFAULT_SOURCES: SourceDefinition[] = [
  { name: 'tactical-postgres-cdc', tool: 'tactical-rmm', topicPrefix: 'tactical', epoch: 0 },
  { name: 'authentik-postgres-cdc', tool: 'authentik', topicPrefix: 'authentik', epoch: 0 },
  { name: 'fleetmdm-mysql-cdc', tool: 'fleet-mdm', topicPrefix: 'fleetmdm', epoch: 0 },
  { name: 'meshcentral-mongodb-cdc', tool: 'meshcentral', topicPrefix: 'meshcentral', epoch: 0 },
];

const source = z.strictObject({
  name: z.string().min(1),
  tool: z.enum(TOOLS),
  topicPrefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, _ and - only: it is the first segment of topic names'),
  // Above 8191 the epoch does not fit into a Cassandra write timestamp (shared/version.ts).
  epoch: z.number().int().min(0).max(8191).default(0),
});

const sources = z
  .array(source)
  .min(1)
  .default(DEFAULT_SOURCES)
  .meta({
    description:
      'The Debezium connectors, each with `name`, `tool`, `topicPrefix` and `epoch`. Raise an `epoch` when its source database was ' +
      'restored or failed over, so that new changes win over old ones. In an environment variable: YAML or JSON text.',
  });

const cassandra = z.strictObject({
  contactPoints: texts(['127.0.0.1'], 'Nodes to begin with, as `host` or `host:port`.').refine(
    (list) => list.length > 0,
    'at least one node',
  ),
  localDataCenter: text('datacenter1', 'Data centre whose nodes are used.'),
  keyspace: text('openframe', 'Keyspace of the canonical tables.').refine(
    (name) => /^[a-z][a-z0-9_]{0,47}$/.test(name),
    {
      message: 'lower case letters, digits and _, at most 48, a letter first',
    },
  ),
  username: optionalText('User.'),
  password: secretText('Password.'),
  passwordFile: secretFile('password'),
  tls: z
    .strictObject({
      enabled: flag(
        false,
        'Whether the nodes are spoken to over TLS. Their certificates are then always verified.',
      ),
      caFile: optionalText(
        'PEM file of the authorities that sign the nodes’ certificates; absent: those of Node.',
      ),
      certFile: optionalText('PEM file of the client certificate, for mutual TLS.'),
      keyFile: optionalText('PEM file of the client certificate’s private key.'),
    })
    .prefault({}),
  consistency: choice(
    ['LOCAL_ONE', 'LOCAL_QUORUM', 'QUORUM', 'ALL'],
    'LOCAL_QUORUM',
    'Consistency of reads and writes.',
  ),
  serialConsistency: choice(
    ['LOCAL_SERIAL', 'SERIAL'],
    'LOCAL_SERIAL',
    'Consistency of the conditional part of a write.',
  ),
  replicationFactor: whole(
    1,
    [1, 100],
    'Replicas in the local data centre when `schema apply` makes the keyspace.',
  ),
  writeMode: choice(
    ['lwt', 'timestamp'],
    'lwt',
    '`lwt`: conditional writes on the version; `timestamp`: plain writes with one made from it.',
  ),
  writeModes: z
    .record(z.string(), z.enum(['lwt', 'timestamp']))
    .default({})
    .meta({
      description:
        'Tables that differ from `writeMode`, as `table: mode`. Never change the mode of a table that holds rows.',
    }),
  requestTimeoutMs: whole(
    5000,
    [100, 600_000],
    'A request that is not answered within this time has failed.',
  ),
  knownVersionsMax: whole(
    100_000,
    [1, 100_000_000],
    'Row versions remembered per worker, which save conditional writes that would be refused.',
  ),
  knownRowsBytes: whole(
    16 * MIB,
    [0, 64 * 1024 * MIB],
    'Bytes of whole rows remembered per worker, which save reading a row back when a change told only a part of it (`lwt` only).',
  ),
});

const store = z.strictObject({
  kind: choice(
    ['cassandra', 'embedded', 'none'],
    'cassandra',
    'Where canonical rows live. `none` keeps no state: for benches only.',
  ),
  buckets: whole(256, [1, 4096], 'Buckets per tool, fixed when the tables are made.'),
  cassandra: cassandra.prefault({}),
  embedded: z.strictObject({ path: text('./data/store', 'Folder of the embedded store.') }).prefault({}),
});

const pipeline = z.strictObject({
  inflightBytesMax: whole(
    256 * MIB,
    [MIB, 64 * 1024 * MIB],
    'Limit of record bytes between poll and acknowledgement, of the whole process.',
  ),
  pauseAboveBytes: whole(
    16 * MIB,
    [1024, 64 * 1024 * MIB],
    'A worker with more bytes waiting has its partitions paused.',
  ),
  resumeBelowBytes: whole(
    2 * MIB,
    [1024, 64 * 1024 * MIB],
    'A paused worker’s partitions go on once it has fewer bytes waiting.',
  ),
  ackIntervalMs: whole(
    50,
    [1, 10_000],
    'Longest time that produced records wait for the barrier, after which their offsets are committed; a fifth of it while no records wait for a worker.',
  ),
  drainTimeoutMs: whole(
    20_000,
    [100, 600_000],
    'Limit of the time in which work in hand is finished at shutdown and at a rebalance.',
  ),
  batchRowsMax: whole(32, [1, 1000], 'Rows of one bucket in one conditional batch.'),
  statementsMax: whole(32, [1, 10_000], 'Statements in flight at the store, per worker.'),
  retryAttemptsMax: whole(
    5,
    [1, 100],
    'Attempts per record before it goes to the dead letters. An outage does not count.',
  ),
  retryBackoffMs: whole(
    100,
    [1, 600_000],
    'Pause before the second attempt; it doubles from attempt to attempt, with jitter.',
  ),
  retryBackoffMaxMs: whole(5000, [1, 600_000], 'Longest pause between two attempts.'),
  circuit: z
    .strictObject({
      failuresToOpen: whole(
        5,
        [1, 10_000],
        'Failures in a row, without a success between, after which a destination counts as away.',
      ),
      probeIntervalMs: whole(2000, [100, 600_000], 'Time between probes of a destination that is away.'),
    })
    .prefault({}),
});

/** The one table of options: every key with its type, limits, default, description and whether it is a secret. */
export const configSchema = z
  .strictObject({
    kafka: kafkaSection.prefault({}),
    handover: choice(
      ['native', 'plain'],
      'native',
      'How records pass between librdkafka and the workers: `native` without an object for each, through the addon in native/; `plain` through node-rdkafka’s objects, which also takes over when the addon cannot be loaded (`doctor` says why).',
    ),
    sources,
    store: store.prefault({}),
    workers: z
      .strictObject({
        count: whole(
          0,
          [0, 256],
          'Worker threads; 0: one less than the cores that the process may use, at least 1.',
        ),
        slotBytes: whole(
          1_048_576,
          [65_536, 256 * MIB],
          'Shared memory that one batch on its way to a worker may take.',
        ),
        slotsPerWorker: whole(
          0,
          [0, 1024],
          'Batches that may be on their way to one worker, at least 2; 0: 16 with Cassandra, where changes that wait for each other go together, and otherwise 6.',
        ),
      })
      .prefault({}),
    pipeline: pipeline.prefault({}),
    references: referencesSection.prefault({}),
    deletes: z
      .strictObject({
        keepDays: whole(
          30,
          [1, 3650],
          'Days for which a deleted row stays as a marker, so that late older changes cannot bring it back.',
        ),
      })
      .prefault({}),
    events: z
      .strictObject({
        keepDays: whole(
          365,
          [1, 3650],
          'Days for which an event stays after it was written; deletes at the source do not reach events.',
        ),
        types: eventTypes,
      })
      .prefault({}),
    pinot: pinotSection.prefault({}),
    management: z
      .strictObject({
        host: text(
          '127.0.0.1',
          'Address of the management port. In a container: `0.0.0.0`, so that probes reach it.',
        ),
        port: whole(8083, [0, 65_535], 'Management port: metrics, health, information; 0: any free one.'),
        token: secretText('Bearer token for requests that change something; absent: they are all refused.'),
        tokenFile: secretFile('token'),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: choice(
          ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
          'info',
          'Least severe level that is logged.',
        ),
        format: choice(
          ['auto', 'json', 'pretty'],
          'auto',
          'Form of log lines; `auto`: pretty on a terminal, JSON elsewhere.',
        ),
      })
      .prefault({}),
  })
  .meta({ title: 'openframe-stream configuration' });

export type ConfigTree = z.output<typeof configSchema>;
