import { describe, expect, it } from 'vitest';
import { existingTopics, planTopics } from '../../src/cli/topics-plan.ts';
import { loadConfig } from '../../src/main/config.ts';
import { sourceTopics } from '../../src/main/source-topics.ts';
import { ENTITIES } from '../../src/shared/entity.ts';

const { config } = loadConfig({}, { OPENFRAME_STREAM_KAFKA__EXTRA_TOPICS: 'legacy-events' });

describe('sourceTopics', () => {
  it('takes mapped tables of any schema, and extra topics; never dead letters', () => {
    const existing = [
      'tactical.public.clients_site',
      'tactical.public.agents_agent',
      'tactical.public.agents_agent.DLQ',
      'tactical',
      'tacticals.public.agents_agent',
      'legacy-events',
      'other.public.agents_agent',
      'tactical.public.nothing_mapped',
      '__debezium-heartbeat.tactical',
      'device-analytics',
    ];
    expect(sourceTopics(existing, config)).toEqual([
      'legacy-events',
      'tactical.public.agents_agent',
      'tactical.public.clients_site',
    ]);
  });
});

describe('planTopics', () => {
  const plan = (topics: Record<string, number>) => planTopics(new Map(Object.entries(topics)), config);
  const stepOf = (topics: Record<string, number>, name: string) =>
    plan(topics).find(({ topic }) => topic === name);

  it('makes every analytics topic that an entity has', () => {
    const told = Object.values(ENTITIES).flatMap(({ analyticsTopic }) => analyticsTopic ?? []);
    expect(told).toContain('device-analytics');
    expect(told).not.toContain('role-analytics');
    expect(plan({}).map(({ topic, action, wanted }) => [topic, action, wanted])).toEqual(
      told.map((topic) => [topic, 'create', 12]),
    );
  });

  it('makes a dead letter topic with as many partitions as its source, and grows a smaller one', () => {
    expect(stepOf({ 'tactical.public.agents_agent': 6 }, 'tactical.public.agents_agent.DLQ')).toMatchObject({
      action: 'create',
      wanted: 6,
    });
    const small = { 'tactical.public.agents_agent': 6, 'tactical.public.agents_agent.DLQ': 3 };
    expect(stepOf(small, 'tactical.public.agents_agent.DLQ')).toMatchObject({
      action: 'grow',
      now: 3,
      wanted: 6,
    });
  });

  it('never shrinks a topic and never grows a keyed one', () => {
    const large = { 'tactical.public.agents_agent': 1, 'tactical.public.agents_agent.DLQ': 3 };
    expect(stepOf(large, 'tactical.public.agents_agent.DLQ')).toMatchObject({ action: 'keep' });
    expect(stepOf({ 'device-analytics': 3 }, 'device-analytics')).toMatchObject({
      action: 'keep',
      why: expect.stringContaining('keyed'),
    });
  });

  it('reads the partitions out of the brokers’ answer', () => {
    const partition = { id: 0, leader: 1, replicas: [1], isrs: [1] };
    const metadata = {
      orig_broker_id: 1,
      orig_broker_name: 'b',
      brokers: [],
      topics: [{ name: 't', partitions: [partition, { ...partition, id: 1 }] }],
    };
    expect(existingTopics(metadata)).toEqual(new Map([['t', 2]]));
  });
});
