import type { EventTypes } from '../../shared/event-type.ts';
import { classified, type EventName } from '../classified.ts';
import { text, textIn, timestamp } from '../conversions.ts';
import { DETAILS_MAX_BYTES } from '../details.ts';
import { plainValue } from '../extended-json.ts';
import { isArray, isObject, type Json } from '../json-text.ts';
import { documents, type Mapping } from '../mapping.ts';
import { oneLine } from '../one-line.ts';
import { redactedValue } from '../redact.ts';
import type { Row } from '../row.ts';

const TOOL = 'meshcentral';

/** MeshCentral (MongoDB): what happened. */
export function meshcentralEvents(types: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    'meshcentral.events': documents(
      '',
      {
        event_time: timestamp('time'),
        ...classified(byActionToo(types), TOOL, eventName),
        actor_id: text('userid'),
        actor_name: text('username'),
        device_id: text('nodeid'),
        summary: eventSummary,
        details: eventDetails,
      },
      { idStart: 'events:' },
    ),
  };
}

/** Some events are known by their action alone, whatever they are about. */
function byActionToo(types: EventTypes): EventTypes {
  return {
    classify(tool, sourceType, qualifier) {
      const found = types.classify(tool, sourceType, qualifier);
      if (found.mapped) return found;
      return types.classify(tool, sourceType.slice(sourceType.indexOf('.') + 1), qualifier);
    },
  };
}

/** Of a session's messages, which are all of one action, only the number tells what happened. */
function eventName(row: Row): EventName {
  const kind = textIn(row, 'etype');
  const action = textIn(row, 'action') ?? '';
  const message = row.get('msgid');
  return {
    sourceType: kind === null ? action : `${kind}.${action}`,
    qualifier: typeof message === 'number' ? message : undefined,
  };
}

function eventSummary(row: Row): string {
  const message = row.get('msg');
  const line = typeof message === 'string' ? oneLine(message) : null;
  return line ?? eventName(row).sourceType;
}

/** What has a column of its own, and whom MeshCentral sent the event to. */
const NOT_DETAILS = new Set(['_id', 'time', 'etype', 'action', 'userid', 'username', 'nodeid', 'msg', 'ids']);

function eventDetails(row: Row): string | null {
  const details: { [name: string]: Json } = {};
  let empty = true;
  for (const [name, value] of Object.entries(row.document)) {
    if (value === undefined || value === null || NOT_DETAILS.has(name)) continue;
    details[name] = plain(value, 0);
    empty = false;
  }
  return empty ? null : redactedValue(details, DETAILS_MAX_BYTES, row.fix);
}

const DEPTH_MAX = 32;

/** Without the wrappings of Extended JSON. */
function plain(value: Json, depth: number): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MAX) return null;
  if (isArray(value)) return value.map((item) => plain(item, depth + 1));
  const scalar = plainValue(value);
  if (scalar !== value || !isObject(value)) return scalar;
  const members: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value)) members[name] = plain(member ?? null, depth + 1);
  return members;
}
