import type { EventTypes } from '../../shared/event-type.ts';
import { classified, type EventName } from '../classified.ts';
import { boolean, constant, id, text, textIn, timestamp } from '../conversions.ts';
import { detailsIn } from '../details.ts';
import { isObject, type Json } from '../json-text.ts';
import { type Mapping, rows } from '../mapping.ts';
import { oneLine } from '../one-line.ts';
import type { Row } from '../row.ts';

/** Authentik (PostgreSQL): states. */
export const authentik: Readonly<Record<string, Mapping>> = {
  'authentik.authentik_core_user': rows(['id'], {
    username: text('username'),
    email: text('email'),
    display_name: text('name'),
    active: boolean('is_active'),
    kind: text('type'),
    last_login: timestamp('last_login'),
    created_at: timestamp('date_joined'),
    updated_at: timestamp('last_updated'),
  }),

  'authentik.authentik_core_group': rows(['group_uuid'], {
    name: text('name'),
    kind: constant('user'),
  }),

  'authentik.authentik_core_user_groups': rows(['id'], {
    group_id: id('group_id'),
    member_id: id('user_id'),
    member_kind: constant('user'),
  }),
};

/** Authentik: what happened. */
export function authentikEvents(types: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    'authentik.authentik_events_event': rows(
      ['event_uuid'],
      {
        event_time: timestamp('created'),
        ...classified(types, 'authentik', eventName),
        actor_id: (row) => scalar(member(row.json('user'), 'pk')),
        actor_name: userName,
        summary: eventSummary,
        details: detailsIn('context'),
      },
      { idStart: 'authentik_events_event:' },
    ),
  };
}

/** What happened to a model depends on which model it is. */
function eventName(row: Row): EventName {
  const sourceType = textIn(row, 'action') ?? '';
  if (!sourceType.startsWith('model_')) return { sourceType };
  return { sourceType, qualifier: modelOf(row)?.kind };
}

function modelOf(row: Row): { readonly kind: string; readonly name: string | null } | undefined {
  const model = member(row.json('context'), 'model');
  const kind = scalar(member(model, 'model_name'));
  return kind === null ? undefined : { kind, name: scalar(member(model, 'name')) };
}

function userName(row: Row): string | null {
  return scalar(member(row.json('user'), 'username'));
}

function eventSummary(row: Row): string | null {
  const about = subjectOf(row);
  return oneLine(
    `${userName(row) ?? 'somebody'}: ${textIn(row, 'action')}${about === null ? '' : `, ${about}`}`,
  );
}

/** Who or what an event is about, as far as its context says it. */
function subjectOf(row: Row): string | null {
  const model = modelOf(row);
  if (model !== undefined) return model.name === null ? model.kind : `${model.kind} ${model.name}`;
  const context = row.json('context');
  return (
    scalar(member(context, 'message')) ??
    scalar(member(member(context, 'authorized_application'), 'name')) ??
    scalar(member(context, 'username'))
  );
}

function member(value: Json, name: string): Json {
  return isObject(value) ? (value[name] ?? null) : null;
}

function scalar(value: Json): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
