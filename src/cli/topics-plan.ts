import type { Metadata } from 'node-rdkafka';
import type { Config } from '../main/config.ts';
import { deadLetterTopic, sourceTopics } from '../main/source-topics.ts';
import { ENTITIES, type Entity } from '../shared/entity.ts';

/** Topic to number of partitions. */
export type ExistingTopics = ReadonlyMap<string, number>;

export interface TopicStep {
  readonly topic: string;
  /** `keep` also when there are more partitions than wanted: nothing is ever shrunk. */
  readonly action: 'create' | 'grow' | 'keep';
  /** Partitions now; null for a topic that does not exist. */
  readonly now: number | null;
  readonly wanted: number;
  readonly why: string;
}

export function existingTopics(metadata: Metadata): ExistingTopics {
  return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
}

function step(
  existing: ExistingTopics,
  topic: string,
  wanted: number,
  growable: boolean,
  why: string,
): TopicStep {
  const now = existing.get(topic) ?? null;
  if (now === null) return { topic, action: 'create', now, wanted, why };
  if (now === wanted) return { topic, action: 'keep', now, wanted, why };
  if (now < wanted && growable) return { topic, action: 'grow', now, wanted, why };
  const reason =
    now > wanted
      ? 'has more, which is never taken away'
      : 'is keyed: growing it would move keys to other partitions';
  return { topic, action: 'keep', now, wanted, why: `${why}; ${reason}` };
}

/** What `topics apply` has to do: the topics that this pipeline writes, never those that connectors make. */
export function planTopics(existing: ExistingTopics, config: Config): TopicStep[] {
  const analytics = Object.values<Entity>(ENTITIES)
    .map((entity) => entity.analyticsTopic)
    .filter((topic) => topic !== null)
    .map((topic) => step(existing, topic, config.kafka.topics.analyticsPartitions, false, 'analytics'));
  const deadLetters = sourceTopics([...existing.keys()], config).map((source) =>
    // A dead letter keeps its record's partition, so there must be as many.
    step(existing, deadLetterTopic(source), existing.get(source) ?? 1, true, `dead letters of ${source}`),
  );
  return [...analytics, ...deadLetters];
}
