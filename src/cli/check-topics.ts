import type { Config } from '../main/config.ts';
import { isDeadLetterTopic } from '../main/source-topics.ts';
import { DependencyError } from '../shared/errors.ts';
import { withKafka } from './kafka-session.ts';
import { existingTopics, planTopics, type TopicStep } from './topics-plan.ts';

/**
 * Before the service starts: are the topics there that it writes? Brokers that make topics by themselves are asked to. Otherwise a
 * missing analytics topic ends the start, since nothing could be acknowledged without it; a missing dead letter topic is only said,
 * since a table that is new today must not keep the service down: a poison record of it would wait for the topic.
 */
export async function checkTopics(config: Config, warn: (message: string) => void): Promise<void> {
  await withKafka(config, async (session) => {
    const plan = planTopics(existingTopics(await session.topics()), config);
    const missing: TopicStep[] = [];
    for (const step of plan) {
      if (step.action === 'grow') {
        warn(
          `topic ${step.topic} has ${step.now} partitions and needs ${step.wanted}: run \`openframe-stream topics apply\``,
        );
      }
      if (step.action !== 'create') continue;
      const made = await session.topic(step.topic).then(
        (metadata) => existingTopics(metadata).get(step.topic) ?? 0,
        () => 0,
      );
      if (made === 0) missing.push(step);
    }
    if (missing.length === 0) return;
    const message = `missing topics: ${missing.map(({ topic }) => topic).join(', ')}; run \`openframe-stream topics apply\``;
    if (missing.some(({ topic }) => !isDeadLetterTopic(topic))) throw new DependencyError(message);
    warn(message);
  });
}
