import type { Config } from '../main/config.ts';
import { DependencyError } from '../shared/errors.ts';
import { withKafka } from './kafka-session.ts';
import { existingTopics, planTopics } from './topics-plan.ts';

/**
 * Before the service starts: are the topics there that it writes? Brokers that make topics by themselves are asked to; otherwise a
 * missing analytics topic ends the start, since nothing could be acknowledged without it.
 */
export async function checkTopics(config: Config, warn: (message: string) => void): Promise<void> {
  await withKafka(config, async (session) => {
    const plan = planTopics(existingTopics(await session.topics()), config);
    const missing = [];
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
      if (made === 0) missing.push(step.topic);
    }
    if (missing.length === 0) return;
    throw new DependencyError(`missing topics: ${missing.join(', ')}; run \`openframe-stream topics apply\``);
  });
}
