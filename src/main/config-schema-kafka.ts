import * as z from 'zod';
import {
  choice,
  flag,
  MIB,
  optionalText,
  secretFile,
  secretText,
  TIMER_MAX_MS,
  text,
  texts,
  whole,
} from './config-option.ts';

/** Largest value of librdkafka's 32-bit settings. */
const INT_MAX = 2_147_483_647;

const security = z.strictObject({
  protocol: choice(
    ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'],
    'plaintext',
    'How the brokers are spoken to. With `ssl` and `sasl_ssl` their certificates are always verified.',
  ),
  caFile: optionalText(
    'PEM file of the authorities that sign the brokers’ certificates; absent: those of the system.',
  ),
  certFile: optionalText('PEM file of the client certificate, for mutual TLS.'),
  keyFile: optionalText('PEM file of the client certificate’s private key.'),
  keyPassword: secretText('Password of the private key.'),
  keyPasswordFile: secretFile('keyPassword'),
  saslMechanism: choice(
    ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    'SCRAM-SHA-512',
    'SASL mechanism, for `sasl_plaintext` and `sasl_ssl`.',
  ),
  username: optionalText('SASL user.'),
  password: secretText('SASL password.'),
  passwordFile: secretFile('password'),
});

const consumer = z.strictObject({
  batchRecords: whole(2000, [1, 10_000], 'Records taken from librdkafka in one call.'),
  fetchMinBytes: whole(
    65_536,
    [1, 100_000_000],
    'A broker answers a fetch once it has so many bytes, or after `fetchMaxWaitMs`. With 1, every few records are a response and a batch of their own.',
  ),
  fetchMaxWaitMs: whole(
    10,
    [1, 10_000],
    'Longest time that a broker waits for `fetchMinBytes`: a record at a low rate is as much later, and an idle consumer fetches as often.',
  ),
  fetchQueueBackoffMs: whole(
    5,
    [1, 300_000],
    'Pause before fetching again once the fetch queue was full. librdkafka’s own 1000 leaves the main loop idle half of the time.',
  ),
  queuedMaxKbytes: whole(4096, [1, 2_097_151], 'Limit of the fetch queue, in kibibytes.'),
  fetchMessageMaxBytes: whole(
    131_072,
    [1, 1_000_000_000],
    'First guess of a fetch’s size per partition; larger records still arrive.',
  ),
  receiveMaxBytes: whole(
    128 * MIB,
    [1000, INT_MAX],
    'Largest response taken from a broker. Must hold a whole fetch, records of tens of megabytes included.',
  ),
  sessionTimeoutMs: whole(
    45_000,
    [1000, 3_600_000],
    'A consumer that is silent for this long loses its partitions.',
  ),
  heartbeatIntervalMs: whole(
    1000,
    [100, 3_600_000],
    'Time between heartbeats; a rebalance takes about as long. At most a third of `sessionTimeoutMs`.',
  ),
  maxPollIntervalMs: whole(
    300_000,
    [1000, 86_400_000],
    'A consumer that does not poll for this long leaves the group.',
  ),
  autoOffsetReset: choice(
    ['earliest', 'latest', 'error'],
    'earliest',
    'Where a partition without a committed offset begins. With `latest` and new topics records are lost.',
  ),
});

const producer = z.strictObject({
  lingerMs: whole(
    50,
    [0, 900_000],
    'Longest time that a batch waits for more records. The barrier of `pipeline.ackIntervalMs` sends what waits at once.',
  ),
  compression: choice(
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    'lz4',
    'Compression of what is produced. `zstd` needs a librdkafka that was built with it, see `doctor`.',
  ),
  idempotence: flag(
    false,
    'Whether the brokers drop repeated sends. Costs about 4 µs of CPU a record and promises nothing that consumers which upsert need.',
  ),
  messageTimeoutMs: whole(
    30_000,
    [1, TIMER_MAX_MS],
    'A record that no broker acknowledged within this time has failed.',
  ),
  messageMaxBytes: whole(
    16 * MIB,
    [1000, 1_000_000_000],
    'Largest record produced; the topics’ `max.message.bytes` must admit it.',
  ),
});

const topics = z.strictObject({
  analyticsPartitions: whole(
    12,
    [1, 10_000],
    'Partitions of an analytics topic that `topics apply` makes. Keyed: do not change it later.',
  ),
  replicationFactor: whole(
    0,
    [0, 100],
    'Replicas of a topic that `topics apply` or `feed` makes; 0: the broker’s default.',
  ),
});

export const kafkaSection = z.strictObject({
  brokers: texts(['localhost:9092'], 'Brokers to begin with, as `host:port`.').refine(
    (list) => list.length > 0,
    'at least one broker',
  ),
  groupId: text('openframe-stream', 'Consumer group.'),
  clientId: text('openframe-stream', 'Name of this client in the brokers’ logs and quotas.'),
  security: security.prefault({}),
  consumer: consumer.prefault({}),
  producer: producer.prefault({}),
  topics: topics.prefault({}),
  extraTopics: texts([], 'Topics to consume beside `<topicPrefix>.*` of every source, by their full names.'),
});
