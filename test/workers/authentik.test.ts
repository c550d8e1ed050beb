import { describe, expect, test } from 'vitest';
import type { Mutation } from '../../src/shared/mutation.ts';
import { newTrial, POSTGRES, siteRecord, type Trial } from './record-builder.ts';

const UNAVAILABLE = '__debezium_unavailable_value';
const UUID = '2f2628c4-1a36-42d8-808b-5b2098936c16';

function mutation(table: string, key: object, after: object, trial: Trial = newTrial()): Mutation {
  const source = { ...POSTGRES, name: 'authentik', table };
  return trial.mutation(
    siteRecord({ after, source }, { topic: `authentik.public.${table}`, key: JSON.stringify(key) }),
  );
}

test('a group is one of users, under its uuid', () => {
  const after = { group_uuid: UUID, name: 'Admins', attributes: UNAVAILABLE, is_superuser: true };
  expect(mutation('authentik_core_group', { group_uuid: UUID }, after)).toMatchObject({
    entity: 'group',
    id: UUID,
    columns: { name: 'Admins', kind: 'user' },
  });
});

test('a membership names its group and user', () => {
  expect(
    mutation('authentik_core_user_groups', { id: 4 }, { id: 4, user_id: 7, group_id: UUID }),
  ).toMatchObject({
    entity: 'group_member',
    id: '4',
    columns: { group_id: UUID, member_id: '7', member_kind: 'user' },
  });
});

describe('an event', () => {
  const EVENT = {
    event_uuid: UUID,
    user: '{"pk": 1, "email": "ann@msp.test", "username": "ann"}',
    action: 'login',
    context: '{}',
    created: '2026-09-01T10:00:00Z',
  };
  const event = (after: object, trial?: Trial) =>
    mutation('authentik_events_event', { event_uuid: UUID }, { ...EVENT, ...after }, trial);

  test('tells who did what and when', () => {
    expect(event({})).toMatchObject({
      entity: 'event',
      id: `authentik_events_event:${UUID}`,
      columns: {
        event_time: Date.UTC(2026, 8, 1, 10),
        event_type: 'LOGIN',
        severity: 'INFO',
        source_type: 'login',
        actor_id: '1',
        actor_name: 'ann',
        summary: 'ann: login',
        details: '{}',
      },
    });
  });

  test.each([
    ['model_created', 'user', 'USER_CREATED'],
    ['model_updated', 'group', 'USER_GROUP_CHANGED'],
    ['model_deleted', 'group', 'USER_GROUP_DELETED'],
    ['model_created', 'application', 'UNKNOWN'],
  ])('%s is told by its model: of a %s it is %s', (action, model_name, type) => {
    const context = JSON.stringify({ model: { app: 'a', name: 'X', model_name } });
    expect(event({ action, context }).columns).toMatchObject({
      source_type: action,
      event_type: type,
      summary: `ann: ${action}, ${model_name} X`,
    });
  });

  test('of a name of its own is UNKNOWN, and counted by it', () => {
    const trial = newTrial();
    expect(event({ action: 'custom_onboarding' }, trial).columns.event_type).toBe('UNKNOWN');
    expect(trial.unmappedEvents).toEqual(['authentik custom_onboarding']);
  });

  test('keeps its context without secrets', () => {
    const context = '{"password": "hunter2hunter2", "username": "ann", "n": 9007199254740993}';
    expect(event({ context }).columns.details).toBe('{"username":"ann","n":9007199254740993}');
  });

  test('whose context was not sent keeps what depends on it', () => {
    const { columns } = event({ action: 'model_created', context: UNAVAILABLE });
    expect(columns).not.toHaveProperty('event_type');
    expect(columns).not.toHaveProperty('details');
    expect(columns.actor_name).toBe('ann');
  });

  test('whose user is no JSON has no actor, and is counted once', () => {
    const trial = newTrial();
    expect(event({ user: '{"pk": ' }, trial).columns).toMatchObject({ actor_id: null, actor_name: null });
    expect(trial.guarded).toEqual(['authentik.authentik_events_event invalid_json_column']);
  });
});
