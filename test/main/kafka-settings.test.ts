import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { adminSettings, consumerSettings, producerSettings } from '../../src/main/kafka-settings.ts';

/** Topic-level settings of librdkafka 2.12 (CONFIGURATION.md, second table): ignored without a word in the first argument. */
const TOPIC_LEVEL = [
  'request.required.acks',
  'acks',
  'request.timeout.ms',
  'message.timeout.ms',
  'delivery.timeout.ms',
  'queuing.strategy',
  'produce.offset.report',
  'partitioner',
  'partitioner_cb',
  'msg_order_cmp',
  'opaque',
  'compression.level',
  'auto.offset.reset',
  'offset.store.path',
  'offset.store.sync.interval.ms',
  'offset.store.method',
  'consume.callback.max.messages',
];

const { config } = loadConfig({}, {});

describe('settings of librdkafka', () => {
  it.each([
    ['consumer', consumerSettings(config).global],
    ['producer', producerSettings(config).global],
    ['admin', adminSettings(config)],
  ])('holds no topic-level key in the global settings of the %s', (_, global) => {
    expect(Object.keys(global).filter((key) => TOPIC_LEVEL.includes(key))).toEqual([]);
  });

  it('puts the settings that lose data when ignored into the topic settings', () => {
    expect(producerSettings(config).topic).toEqual({
      partitioner: 'murmur2_random',
      'request.required.acks': -1,
      'message.timeout.ms': 30_000,
    });
    expect(consumerSettings(config).topic).toEqual({ 'auto.offset.reset': 'earliest' });
  });

  it('leaves offsets to the pipeline and reads only what is committed', () => {
    expect(consumerSettings(config).global).toMatchObject({
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'partition.assignment.strategy': 'cooperative-sticky',
      'isolation.level': 'read_committed',
      'enable.partition.eof': true,
      'fetch.min.bytes': 65_536,
      'fetch.wait.max.ms': 10,
      'fetch.queue.backoff.ms': 5,
    });
  });

  it('gives no absent setting and no security setting that plaintext does not use', () => {
    const settings = adminSettings(config);
    expect(Object.values(settings)).not.toContain(undefined);
    expect(Object.keys(settings).filter((key) => key.startsWith('ssl') || key.startsWith('sasl'))).toEqual(
      [],
    );
  });

  it('maps TLS and SASL, and always verifies', () => {
    const secured = loadConfig(
      {},
      {
        OPENFRAME_STREAM_KAFKA__SECURITY__PROTOCOL: 'sasl_ssl',
        OPENFRAME_STREAM_KAFKA__SECURITY__USERNAME: 'u',
        OPENFRAME_STREAM_KAFKA__SECURITY__PASSWORD: 'p',
        OPENFRAME_STREAM_KAFKA__SECURITY__CA_FILE: '/ca.pem',
        OPENFRAME_STREAM_KAFKA__SECURITY__CERT_FILE: '/c.pem',
        OPENFRAME_STREAM_KAFKA__SECURITY__KEY_FILE: '/k.pem',
      },
    );
    expect(producerSettings(secured.config).global).toMatchObject({
      'security.protocol': 'sasl_ssl',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': 'u',
      'sasl.password': 'p',
      'ssl.ca.location': '/ca.pem',
      'ssl.certificate.location': '/c.pem',
      'ssl.key.location': '/k.pem',
      'enable.ssl.certificate.verification': true,
      'ssl.endpoint.identification.algorithm': 'https',
    });
  });
});
