import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { configOf, outputOption, print, withExamples } from '../command.ts';
import { type KafkaSession, withKafka } from '../kafka-session.ts';
import { listing, type Output } from '../table.ts';
import { existingTopics, planTopics, type TopicStep } from '../topics-plan.ts';

const VISIBLE_WITHIN_MS = 10_000;
const COLUMNS = ['action', 'topic', 'now', 'wanted', 'why'] as const;

async function apply(session: KafkaSession, steps: readonly TopicStep[]): Promise<void> {
  for (const { action, topic, wanted } of steps) {
    if (action === 'create') await session.createTopic(topic, wanted);
    if (action === 'grow') await session.growTopic(topic, wanted);
  }
  // A broker answers before it tells others: whoever starts the service next must find the topics.
  const changed = steps.filter(({ action }) => action !== 'keep');
  const deadline = Date.now() + VISIBLE_WITHIN_MS;
  while (Date.now() < deadline) {
    const existing = existingTopics(await session.topics());
    if (changed.every(({ topic, wanted }) => (existing.get(topic) ?? 0) >= wanted)) return;
    await sleep(100);
  }
}

function summary(steps: readonly TopicStep[], done: boolean): string {
  const count = (action: TopicStep['action']): number =>
    steps.filter((step) => step.action === action).length;
  const [made, grown] = [count('create'), count('grow')];
  if (made + grown === 0) return 'topics are as they have to be\n';
  return done
    ? `${made} topics made, ${grown} grown\n`
    : `${made} topics to make, ${grown} to grow: openframe-stream topics apply\n`;
}

function run(applies: boolean) {
  return async ({ output }: { output: Output }, command: Command): Promise<void> => {
    const { config } = configOf(command);
    await withKafka(config, async (session) => {
      const steps = planTopics(existingTopics(await session.topics()), config);
      // The difference comes first: what is read here is what then happens.
      const shown = output === 'table' ? steps.filter(({ now, wanted }) => now !== wanted) : steps;
      await print(listing(shown, COLUMNS, output));
      if (applies) await apply(session, steps);
      if (output === 'table') await print(summary(steps, applies));
    });
  };
}

export function register(program: Command): void {
  const topics = program
    .command('topics')
    .description('the topics that this pipeline writes: analytics, and dead letters of every source topic');

  withExamples(
    topics.command('plan').description('show what apply would do').addOption(outputOption()),
    'openframe-stream topics plan --config openframe.yaml',
    'openframe-stream topics plan --output jsonl',
  ).action(run(false));

  withExamples(
    topics
      .command('apply')
      .description('make missing topics and grow dead letter topics; never shrinks, never deletes')
      .addOption(outputOption()),
    'openframe-stream topics apply --config openframe.yaml',
    'openframe-stream topics apply --set kafka.topics.analyticsPartitions=24 --set kafka.topics.replicationFactor=3',
  ).action(run(true));
}
