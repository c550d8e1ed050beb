import Kafka, { type KafkaConsumer, type LibrdKafkaError, type TopicPartitionOffset } from 'node-rdkafka';
import type { Config } from '../../main/config.ts';
import { consumerSettings } from '../../main/kafka-settings.ts';
import { deadLetterTopic, sourceTopics } from '../../main/source-topics.ts';
import { messageOf } from '../../shared/errors.ts';
import { KafkaSession } from '../kafka-session.ts';
import { type ExistingTopics, existingTopics, planTopics } from '../topics-plan.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const ANSWER_MS = 5000;
/** Records from further ahead than this were not stamped by a clock like ours. */
const CLOCK_AHEAD_MS = 60_000;

function sourceFindings(existing: ExistingTopics, config: Config): Finding[] {
  const found = sourceTopics([...existing.keys()], config);
  return config.sources.map(({ name, topicPrefix }) => {
    const topics = found.filter((topic) => topic.startsWith(`${topicPrefix}.`));
    if (topics.length > 0) return ok(`source ${name}`, `${topics.length} topics ${topicPrefix}.*`);
    const advice = `start the connector ${name}, or correct its topicPrefix in sources; take it out if there is none`;
    return warn(`source ${name}`, `no topic ${topicPrefix}.*`, advice);
  });
}

function writtenTopics(existing: ExistingTopics, config: Config): Finding[] {
  const steps = planTopics(existing, config);
  const missing = steps.filter(({ action }) => action === 'create').map(({ topic }) => topic);
  const small = steps
    .filter(({ action }) => action === 'grow')
    .map(({ topic, now, wanted }) => `${topic} (${now} of ${wanted})`);
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const shown =
      missing.slice(0, 5).join(', ') + (missing.length > 5 ? ` and ${missing.length - 5} more` : '');
    findings.push(fail('topics written', `missing: ${shown}`, 'openframe-stream topics apply'));
  }
  if (small.length > 0) {
    const detail = `too few partitions: ${small.slice(0, 5).join(', ')}`;
    findings.push(fail('topics written', detail, 'openframe-stream topics apply'));
  }
  if (findings.length === 0)
    findings.push(ok('topics written', `${steps.length} analytics and ${deadLetterTopic('*')} topics`));
  return findings;
}

function connectConsumer(consumer: KafkaConsumer): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.connect({ allTopics: true, timeout: ANSWER_MS }, (error: LibrdKafkaError | null) =>
      error ? reject(error) : resolve(),
    );
  });
}

function offsetsAfter(
  consumer: KafkaConsumer,
  topic: string,
  partitions: number,
  time: number,
): Promise<TopicPartitionOffset[]> {
  const asked = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: time }));
  return new Promise((resolve, reject) => {
    consumer.offsetsForTimes(asked, ANSWER_MS, (error, offsets) =>
      error ? reject(error) : resolve(offsets),
    );
  });
}

/**
 * Brokers do not tell their time. A record that was stamped in our future does: some clock on the way differs from ours, and lag in
 * seconds, retention and time guards are wrong by as much.
 */
async function clock(existing: ExistingTopics, config: Config): Promise<Finding> {
  const topics = sourceTopics([...existing.keys()], config);
  if (topics.length === 0) return ok('clock against kafka', 'no records to compare with');
  const { global, topic: topicSettings } = consumerSettings(config);
  const consumer = new Kafka.KafkaConsumer({ ...global, 'statistics.interval.ms': 0 }, topicSettings);
  try {
    await connectConsumer(consumer);
    const later = Date.now() + CLOCK_AHEAD_MS;
    for (const topic of topics) {
      const offsets = await offsetsAfter(consumer, topic, existing.get(topic) ?? 1, later);
      if (offsets.some(({ offset }) => offset >= 0)) {
        return warn(
          'clock against kafka',
          `${topic} has records from the future`,
          'compare the clocks here, of the brokers and of Connect (NTP)',
        );
      }
    }
    return ok('clock against kafka', 'no record is from the future');
  } catch (error) {
    return warn(
      'clock against kafka',
      `cannot be compared: ${messageOf(error)}`,
      'the group needs DESCRIBE on the source topics',
    );
  } finally {
    if (consumer.isConnected()) await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

/** Of the brokers, from the outside. When they cannot be reached there is nothing more to ask. */
export async function kafkaFindings(config: Config): Promise<Finding[]> {
  const brokers = config.kafka.brokers.join(', ');
  let session: KafkaSession;
  try {
    session = await KafkaSession.open(config);
  } catch (error) {
    const advice =
      'check kafka.brokers, kafka.security and that the brokers run; a name that they advertise must be known here';
    return [fail('kafka', messageOf(error), advice)];
  }
  try {
    const metadata = await session.topics();
    const existing = existingTopics(metadata);
    return [
      ok('kafka', `${metadata.brokers.length} brokers behind ${brokers}`),
      ...sourceFindings(existing, config),
      ...writtenTopics(existing, config),
      await clock(existing, config),
    ];
  } finally {
    await session.close();
  }
}
