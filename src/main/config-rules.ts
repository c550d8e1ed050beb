import type { ConfigTree } from './config-schema.ts';

/** Values that are right alone and wrong together. Each text names the keys and what to do. */

type Rule = (config: ConfigTree) => string | false | undefined;

const kafkaSecurity: Rule = ({ kafka: { security } }) => {
  const sasl = security.protocol.startsWith('sasl');
  const tls = security.protocol.endsWith('ssl');
  if (sasl && (security.username === undefined || security.password === undefined)) {
    return `kafka.security.protocol is ${security.protocol}: it takes kafka.security.username and kafka.security.password (or passwordFile) too`;
  }
  // A certificate or a user that would silently not be used is a connection less safe than its operator believes.
  if (!sasl && (security.username !== undefined || security.password !== undefined)) {
    return `kafka.security.username and password are not used with kafka.security.protocol ${security.protocol}: take sasl_ssl or leave them out`;
  }
  const files = security.caFile ?? security.certFile ?? security.keyFile;
  if (!tls && files !== undefined) {
    return `kafka.security.caFile, certFile and keyFile are not used with kafka.security.protocol ${security.protocol}: take ssl or sasl_ssl, or leave them out`;
  }
  return (
    (security.certFile === undefined) !== (security.keyFile === undefined) &&
    'kafka.security.certFile and kafka.security.keyFile belong together: give both or none'
  );
};

const cassandraSecurity: Rule = ({ store: { cassandra } }) => {
  const { tls } = cassandra;
  if ((cassandra.username === undefined) !== (cassandra.password === undefined)) {
    return 'store.cassandra.username and store.cassandra.password (or passwordFile) belong together: give both or none';
  }
  if (!tls.enabled && (tls.caFile ?? tls.certFile ?? tls.keyFile) !== undefined) {
    return 'store.cassandra.tls.caFile, certFile and keyFile are not used unless store.cassandra.tls.enabled is true';
  }
  return (
    (tls.certFile === undefined) !== (tls.keyFile === undefined) &&
    'store.cassandra.tls.certFile and store.cassandra.tls.keyFile belong together: give both or none'
  );
};

const pinotSecurity: Rule = ({ pinot }) => {
  if ((pinot.username === undefined) !== (pinot.password === undefined)) {
    return 'pinot.username and pinot.password (or passwordFile) belong together: give both or none';
  }
  if (pinot.token !== undefined && pinot.username !== undefined) {
    return 'pinot.token and pinot.username are two ways to sign in: give one of them';
  }
  return (
    pinot.caFile !== undefined &&
    pinot.controllerUrl?.startsWith('https:') !== true &&
    'pinot.caFile is not used unless pinot.controllerUrl begins with https:'
  );
};

const slots: Rule = ({ workers }) =>
  workers.slotsPerWorker === 1 &&
  'workers.slotsPerWorker is 1: a worker would wait for every batch to come back; give 2 or more, or 0 for the default';

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

const sourcesDiffer: Rule = ({ sources }) => {
  const name = repeated(sources.map((source) => source.name));
  if (name !== undefined) return `sources: the name ${name} is there twice`;
  const prefix = repeated(sources.map((source) => source.topicPrefix));
  return (
    prefix !== undefined && `sources: the topicPrefix ${prefix} is there twice: a topic has one connector`
  );
};

/** `lower` and `upper` are keys; the first must not be above the second. */
function atMost(lower: string, low: number, upper: string, high: number, why: string): string | false {
  return low > high && `${lower} (${low}) must be at most ${upper} (${high}): ${why}`;
}

const consumerTimes: Rule = ({ kafka: { consumer } }) =>
  atMost(
    'kafka.consumer.heartbeatIntervalMs × 3',
    consumer.heartbeatIntervalMs * 3,
    'kafka.consumer.sessionTimeoutMs',
    consumer.sessionTimeoutMs,
    'a lost heartbeat or two must not end the membership',
  );

const pollTimes: Rule = ({ kafka: { consumer } }) =>
  atMost(
    'kafka.consumer.sessionTimeoutMs',
    consumer.sessionTimeoutMs,
    'kafka.consumer.maxPollIntervalMs',
    consumer.maxPollIntervalMs,
    'librdkafka refuses it otherwise',
  );

const fetchSizes: Rule = ({ kafka: { consumer } }) =>
  atMost(
    'kafka.consumer.fetchMessageMaxBytes + 512',
    consumer.fetchMessageMaxBytes + 512,
    'kafka.consumer.receiveMaxBytes',
    consumer.receiveMaxBytes,
    'a response must hold what was asked for',
  );

const produceTimes: Rule = ({ kafka: { producer } }) =>
  atMost(
    'kafka.producer.lingerMs',
    producer.lingerMs,
    'kafka.producer.messageTimeoutMs',
    producer.messageTimeoutMs,
    'records would fail before they are sent',
  );

const hysteresis: Rule = ({ pipeline }) =>
  pipeline.resumeBelowBytes >= pipeline.pauseAboveBytes &&
  `pipeline.resumeBelowBytes (${pipeline.resumeBelowBytes}) must be below pipeline.pauseAboveBytes (${pipeline.pauseAboveBytes})`;

const inflight: Rule = ({ pipeline }) =>
  atMost(
    'pipeline.pauseAboveBytes',
    pipeline.pauseAboveBytes,
    'pipeline.inflightBytesMax',
    pipeline.inflightBytesMax,
    'a worker could never be paused by itself',
  );

const backoff: Rule = ({ pipeline }) =>
  atMost(
    'pipeline.retryBackoffMs',
    pipeline.retryBackoffMs,
    'pipeline.retryBackoffMaxMs',
    pipeline.retryBackoffMaxMs,
    'the longest pause cannot be shorter than the first',
  );

const drain: Rule = ({ pipeline, kafka: { consumer } }) =>
  atMost(
    'pipeline.drainTimeoutMs',
    pipeline.drainTimeoutMs,
    'kafka.consumer.maxPollIntervalMs',
    consumer.maxPollIntervalMs,
    'the group would take the partitions away in the middle of a drain',
  );

const references: Rule = ({ references: { ttlMs, negativeTtlMs } }) =>
  atMost(
    'references.negativeTtlMs',
    negativeTtlMs,
    'references.ttlMs',
    ttlMs,
    'a missing reference is what changes first',
  );

const RULES: readonly Rule[] = [
  kafkaSecurity,
  cassandraSecurity,
  pinotSecurity,
  sourcesDiffer,
  consumerTimes,
  pollTimes,
  fetchSizes,
  produceTimes,
  hysteresis,
  inflight,
  backoff,
  drain,
  slots,
  references,
];

/** Everything in the configuration that contradicts itself. */
export function contradictions(config: ConfigTree): string[] {
  return RULES.map((rule) => rule(config)).filter((text): text is string => typeof text === 'string');
}
