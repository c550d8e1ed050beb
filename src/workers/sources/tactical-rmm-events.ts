import type { EventTypes } from '../../shared/event-type.ts';
import { classified, type EventName } from '../classified.ts';
import { booleanIn, changeTime, id, text, textIn, timestamp } from '../conversions.ts';
import { detailsOf } from '../details.ts';
import { isObject } from '../json-text.ts';
import { type Mapping, rows } from '../mapping.ts';
import { oneLine } from '../one-line.ts';
import type { Row } from '../row.ts';

const TOOL = 'tactical-rmm';

/** Tactical RMM (PostgreSQL): what happened. */
export function tacticalRmmEvents(types: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    'tactical-rmm.alerts_alert.event': rows(
      ['id'],
      {
        event_time: changeTime,
        ...classified(types, TOOL, (row) => ({ sourceType: `alert.${row.occasion}` })),
        device_id: id('agent_id'),
        summary: alertSummary,
      },
      { idStart: 'alerts_alert:', occasions: alertOccasions },
    ),

    'tactical-rmm.logs_auditlog': rows(
      ['id'],
      {
        event_time: timestamp('entry_time'),
        ...classified(types, TOOL, auditName),
        actor_name: text('username'),
        device_key: auditDeviceKey,
        summary: auditSummary,
        details: detailsOf({ before_value: 'json', after_value: 'json', debug_info: 'json' }),
      },
      { idStart: 'logs_auditlog:' },
    ),

    'tactical-rmm.agents_agenthistory': rows(
      ['id'],
      {
        event_time: timestamp('time'),
        ...classified(types, TOOL, runName),
        actor_name: text('username'),
        device_id: id('agent_id'),
        summary: runSummary,
        details: detailsOf({ command: 'text', results: 'text', script_results: 'json' }),
      },
      { idStart: 'agents_agenthistory:', occasions: runOccasions },
    ),
  };
}

const TRIGGERED = ['triggered'];
const RESOLVED = ['resolved'];
const BOTH = [...TRIGGERED, ...RESOLVED];
const NOTHING: readonly string[] = [];

/** A snapshot tells what there is, not what happened, and a row under a new key is the old alert. */
function alertOccasions(row: Row): readonly string[] {
  const { op } = row.change;
  if (op === 'r' || row.moved) return NOTHING;
  const resolved = booleanIn(row, 'resolved') === true;
  if (op === 'c') return resolved ? BOTH : TRIGGERED;
  return resolved && !wasResolved(row) ? RESOLVED : NOTHING;
}

/** What Tactical writes to an alert after it has resolved it: there is no image of the row before, unless the table is set to send one. */
const AFTER_RESOLVING = ['resolved_email_sent', 'resolved_sms_sent', 'resolved_action_run'];

function wasResolved(row: Row): boolean {
  if (row.before !== null) return row.before.resolved === true;
  return AFTER_RESOLVING.some((column) => row.has(column));
}

function alertSummary(row: Row): string | null {
  const message = oneLine(textIn(row, 'message') ?? '') ?? `${textIn(row, 'alert_type')} alert`;
  return row.occasion === 'resolved' ? `Resolved: ${message}` : message;
}

function auditName(row: Row): EventName {
  return { sourceType: `${textIn(row, 'object_type')}.${textIn(row, 'action')}` };
}

/** The server itself is no device; it writes N/A, or nothing. */
function auditDeviceKey(row: Row): string | null {
  const key = textIn(row, 'agent_id');
  return key === '' || key === 'N/A' ? null : key;
}

function auditSummary(row: Row): string | null {
  return oneLine(textIn(row, 'message') ?? '') ?? `${textIn(row, 'username')}: ${auditName(row).sourceType}`;
}

/** A script or command has happened when its result is there. Of a task no more than its start is told. */
function runOccasions(row: Row): readonly string[] {
  const type = textIn(row, 'type');
  const ended = type === 'script_run' ? row.has('script_results') : type !== 'cmd_run' || row.has('results');
  return ended ? ENDED : NOTHING;
}
const ENDED = [''];

/** Undefined where the result was not sent because it has not changed. */
function runName(row: Row): EventName | undefined {
  const sourceType = textIn(row, 'type') ?? '';
  if (sourceType !== 'script_run') return { sourceType };
  const code = returnCode(row);
  if (row.unavailable) return undefined;
  return { sourceType, qualifier: code === null || code === 0 ? undefined : 'failed' };
}

function returnCode(row: Row): number | null {
  const results = row.json('script_results');
  const code = isObject(results) ? results.retcode : null;
  return typeof code === 'number' ? code : null;
}

function runSummary(row: Row): string | null {
  const user = textIn(row, 'username');
  const type = textIn(row, 'type');
  if (type === 'cmd_run') return oneLine(`${user} ran ${textIn(row, 'command') ?? 'a command'}`);
  if (type !== 'script_run') return `${user}: ${type}`;
  const script = id('script_id')(row);
  return `${user} ran ${script === null ? 'a script' : `script ${script}`}, return code ${returnCode(row)}`;
}
