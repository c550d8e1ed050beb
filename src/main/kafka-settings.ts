import type {
  ConsumerGlobalConfig,
  ConsumerTopicConfig,
  GlobalConfig,
  ProducerGlobalConfig,
  ProducerTopicConfig,
} from 'node-rdkafka';
import type { Config } from './config.ts';

/**
 * Settings as node-rdkafka's constructors take them. Topic-level settings belong into the second argument: in the first they are
 * accepted and ignored without a word (the addon always sets a default topic configuration that replaces them).
 */
export interface KafkaSettings<Global, Topic> {
  readonly global: Global;
  readonly topic: Topic;
}

type Kafka = Config['kafka'];
/** A setting that is absent from our configuration must be absent from librdkafka's: it takes no undefined. */
type Settings = { [name: string]: string | number | boolean };

function withoutAbsent(settings: {
  readonly [name: string]: string | number | boolean | undefined;
}): Settings {
  const present: Settings = {};
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) present[name] = value;
  return present;
}

function securitySettings({ security }: Kafka): Settings {
  const sasl = security.protocol.startsWith('sasl');
  const tls = security.protocol.endsWith('ssl');
  return withoutAbsent({
    'security.protocol': security.protocol,
    'sasl.mechanism': sasl ? security.saslMechanism : undefined,
    'sasl.username': sasl ? security.username : undefined,
    'sasl.password': sasl ? security.password : undefined,
    'ssl.ca.location': tls ? security.caFile : undefined,
    'ssl.certificate.location': tls ? security.certFile : undefined,
    'ssl.key.location': tls ? security.keyFile : undefined,
    'ssl.key.password': tls ? security.keyPassword : undefined,
    'enable.ssl.certificate.verification': tls ? true : undefined,
    'ssl.endpoint.identification.algorithm': tls ? 'https' : undefined,
  });
}

function commonSettings(kafka: Kafka): Settings {
  return {
    'metadata.broker.list': kafka.brokers.join(','),
    'client.id': kafka.clientId,
    ...securitySettings(kafka),
    // Idle connections are closed by the brokers all the time.
    'log.connection.close': false,
    'socket.keepalive.enable': true,
    // An address that changed (a broker pod that moved) is looked up again soon.
    'broker.address.ttl': 1000,
    'reconnect.backoff.ms': 100,
    'reconnect.backoff.max.ms': 5000,
  };
}

/** Log lines come as events: the reason of a refused TLS connection stands nowhere else. */
const LOG_AS_EVENTS = { event_cb: true };

/** What librdkafka asks for in one fetch unless that would not fit into a response. */
const FETCH_MAX_BYTES = 52_428_800;
/** librdkafka refuses less room in a response than this beside the records. */
const RESPONSE_OVERHEAD_BYTES = 512;

export function consumerSettings(config: Config): KafkaSettings<ConsumerGlobalConfig, ConsumerTopicConfig> {
  const { kafka } = config;
  const { consumer } = kafka;
  return {
    global: {
      ...commonSettings(kafka),
      ...LOG_AS_EVENTS,
      'group.id': kafka.groupId,
      // Offsets are committed by the frontier alone, after every destination has acknowledged.
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'partition.assignment.strategy': 'cooperative-sticky',
      'isolation.level': 'read_committed',
      'enable.partition.eof': true,
      'session.timeout.ms': consumer.sessionTimeoutMs,
      'heartbeat.interval.ms': consumer.heartbeatIntervalMs,
      'max.poll.interval.ms': consumer.maxPollIntervalMs,
      'fetch.min.bytes': consumer.fetchMinBytes,
      'fetch.wait.max.ms': consumer.fetchMaxWaitMs,
      'fetch.queue.backoff.ms': consumer.fetchQueueBackoffMs,
      'queued.max.messages.kbytes': consumer.queuedMaxKbytes,
      'fetch.message.max.bytes': consumer.fetchMessageMaxBytes,
      'fetch.max.bytes': Math.max(
        consumer.fetchMessageMaxBytes,
        Math.min(FETCH_MAX_BYTES, consumer.receiveMaxBytes - RESPONSE_OVERHEAD_BYTES),
      ),
      'receive.message.max.bytes': consumer.receiveMaxBytes,
      // New tables make new topics; the default finds them after five minutes.
      'topic.metadata.refresh.interval.ms': 30_000,
    },
    topic: { 'auto.offset.reset': consumer.autoOffsetReset },
  };
}

export function producerSettings(config: Config): KafkaSettings<ProducerGlobalConfig, ProducerTopicConfig> {
  const { kafka } = config;
  const { producer } = kafka;
  return {
    global: {
      ...commonSettings(kafka),
      ...LOG_AS_EVENTS,
      'enable.idempotence': producer.idempotence,
      'linger.ms': producer.lingerMs,
      'compression.codec': producer.compression,
      'message.max.bytes': producer.messageMaxBytes,
      'queue.buffering.max.messages': 500_000,
      'queue.buffering.max.kbytes': 262_144,
      // Reports of errors only: an acknowledged record costs the main thread nothing.
      dr_cb: true,
      'delivery.report.only.error': true,
    },
    topic: {
      // Java's partitioner: Pinot and every Java consumer expect a key where it would be put by it.
      partitioner: 'murmur2_random',
      'request.required.acks': -1,
      'message.timeout.ms': producer.messageTimeoutMs,
    },
  };
}

/** The admin client takes no event callback, so its log lines would go straight to stderr; other clients tell the reasons. */
export function adminSettings(config: Config): GlobalConfig {
  return { ...commonSettings(config.kafka), log_level: 0 };
}
