import type { EventTypes } from '../../shared/event-type.ts';
import { classified } from '../classified.ts';
import { booleanIn, changeTime, id, numberIn, text, textIn, timestamp } from '../conversions.ts';
import { DETAILS_MAX_BYTES, detailsIn } from '../details.ts';
import { isArray, isObject, type Json } from '../json-text.ts';
import { type Mapping, rows } from '../mapping.ts';
import { oneLine } from '../one-line.ts';
import { redactedValue } from '../redact.ts';
import type { Row } from '../row.ts';
import { isSecretName } from '../secret-name.ts';
import { redactedText } from '../secret-text.ts';

const TOOL = 'fleet-mdm';
const ACTIVITY = 'activity_past:';

/** Fleet MDM (MySQL, MariaDB): what happened. */
export function fleetMdmEvents(types: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    // A later change says that the activity was streamed to a log, and nothing new.
    'fleet-mdm.activity_past': rows(
      ['id'],
      {
        event_time: timestamp('created_at'),
        ...classified(types, TOOL, (row) => ({ sourceType: textIn(row, 'activity_type') ?? '' })),
        actor_id: id('user_id'),
        actor_name: text('user_name'),
        summary: activitySummary,
        details: detailsIn('details'),
        created_at: timestamp('created_at'),
      },
      { idStart: ACTIVITY },
    ),

    'fleet-mdm.activity_host_past': rows(['host_id', 'activity_id'], {
      event_id: activityId,
      device_id: id('host_id'),
    }),

    'fleet-mdm.host_script_results': rows(
      ['id'],
      {
        event_time: timestamp('created_at'),
        ...classified(types, TOOL, (row) => ({
          sourceType: 'host_script_results',
          qualifier: numberIn(row, 'exit_code') === 0 ? undefined : 'failed',
        })),
        actor_id: id('user_id'),
        device_id: id('host_id'),
        summary: scriptSummary,
        details: scriptDetails,
        created_at: timestamp('created_at'),
        updated_at: timestamp('updated_at'),
      },
      { idStart: 'host_script_results:', occasions: (row) => (row.has('exit_code') ? ENDED : NOTHING) },
    ),

    'fleet-mdm.policy_membership.event': rows(
      ['policy_id', 'host_id'],
      {
        event_time: changeTime,
        ...classified(types, TOOL, (row) => ({
          sourceType: passes(row) === true ? 'policy_membership_pass' : 'policy_membership_fail',
        })),
        device_id: id('host_id'),
        summary: (row) =>
          `Policy ${key(row, 'policy_id')} ${passes(row) === true ? 'passes' : 'fails'} on host ${key(row, 'host_id')}`,
        details: (row) => `{"policy_id":${key(row, 'policy_id')}}`,
      },
      { idStart: 'policy_membership:', occasions: policyTurns },
    ),
  };
}

const ENDED = [''];
const NOTHING: readonly string[] = [];

function key(row: Row, column: string): string | null {
  const value = id(column)(row);
  return value === null ? null : String(value);
}

function activityId(row: Row): string | null {
  const activity = key(row, 'activity_id');
  return activity === null ? null : ACTIVITY + activity;
}

const NAMES_MAX = 4;

/** `Ann: transferred hosts (Zentrale, PC-1, PC-2)`: who, the activity's own name, and the names among its details. */
function activitySummary(row: Row): string | null {
  const who = textIn(row, 'user_name') ?? '';
  const what = (textIn(row, 'activity_type') ?? '').replaceAll('_', ' ').trim() || 'activity';
  const names = [...namesIn(row.json('details'))].slice(0, NAMES_MAX).join(', ');
  return oneLine(`${who === '' ? '' : `${who}: `}${what}${names === '' ? '' : ` (${names})`}`);
}

function namesIn(details: Json): ReadonlySet<string> {
  const names = new Set<string>();
  if (!isObject(details)) return names;
  for (const [member, value] of Object.entries(details)) {
    if (!/(?:_names?|_title|email)$/.test(member) || isSecretName(member)) continue;
    for (const name of isArray(value) ? value : [value])
      if (typeof name === 'string' && name !== '') names.add(name);
  }
  return names;
}

function scriptSummary(row: Row): string {
  const script = key(row, 'script_id');
  const what = script === null ? 'A script' : `Script ${script}`;
  return `${what} ended with exit code ${numberIn(row, 'exit_code')} on host ${key(row, 'host_id')}`;
}

const SCRIPT_DETAILS = [
  'execution_id',
  'script_id',
  'policy_id',
  'exit_code',
  'runtime',
  'timeout',
  'canceled',
];
/** Enough to see what went wrong. */
const OUTPUT_MAX_BYTES = 4 * 1024;

function scriptDetails(row: Row): string | null {
  const details: { [name: string]: Json } = {};
  for (const column of SCRIPT_DETAILS) if (row.has(column)) details[column] = row.get(column);
  const output = row.has('output') ? textIn(row, 'output') : null;
  if (output !== null && output !== '') details.output = redactedText(output, OUTPUT_MAX_BYTES);
  return redactedValue(details, DETAILS_MAX_BYTES, row.fix);
}

/**
 * A policy's answer is an event when it turns, not each time that a host tells it again. A snapshot tells what there is, and a row
 * under a new key is the old answer. The event's id ends in the change's own place: the row's key is the same at every turn.
 */
function policyTurns(row: Row): readonly string[] {
  if (row.change.op === 'r' || row.moved) return NOTHING;
  const now = passes(row);
  if (now === null) return NOTHING;
  const before = row.before?.passes ?? null;
  const same = before !== null && (before === true || before === 1) === now;
  return same ? NOTHING : [row.position];
}

function passes(row: Row): boolean | null {
  return booleanIn(row, 'passes');
}
