import { subscriptionPatterns } from '../shared/message-type.ts';
import type { SourceDefinition } from '../shared/settings.ts';
import type { Config } from './config.ts';

const DEAD_LETTER_SUFFIX = '.DLQ';

/** Where a topic's dead letters go (contract, section 2). */
export function deadLetterTopic(topic: string): string {
  return `${topic}${DEAD_LETTER_SUFFIX}`;
}

export function isDeadLetterTopic(topic: string): boolean {
  return topic.endsWith(DEAD_LETTER_SUFFIX);
}

/** Of the topics that exist, those that the pipeline reads: tables that something is mapped from, and what the operator added. */
export function sourceTopics(
  existing: readonly string[],
  config: Pick<Config, 'sources' | 'kafka'>,
): string[] {
  const patterns = subscriptionPatterns(config.sources).map((pattern) => new RegExp(pattern));
  const { extraTopics } = config.kafka;
  return existing
    .filter((topic) => !isDeadLetterTopic(topic))
    .filter((topic) => extraTopics.includes(topic) || patterns.some((pattern) => pattern.test(topic)))
    .sort();
}

/** Name of the connector that writes to a topic. */
export function connectorOf(topic: string, sources: readonly SourceDefinition[]): string {
  const prefix = topic.split('.', 1)[0];
  return sources.find(({ topicPrefix }) => topicPrefix === prefix)?.name ?? 'unknown';
}
