import type { EntityName } from '../../src/shared/entity.ts';
import {
  alerts,
  checkResults,
  checks,
  policies,
  policyResults,
  queries,
  queryResults,
  scripts,
  taskResults,
  tasks,
} from './expected-automation.ts';
import { devices } from './expected-devices.ts';
import { eventDevices, events } from './expected-events.ts';
import { deviceLinks } from './expected-links.ts';
import { groupMembers, groups, roles, users } from './expected-people.ts';
import { organisations, sites } from './expected-places.ts';
import type { ExpectedRow } from './expected-row.ts';

/**
 * What the canonical tables hold once the whole captured run has been taken in, read from the sources' final states (and, of what
 * happened, from the captures) by the model document alone: own code, so that a wrong mapping cannot be wrong here in the same way.
 */

const EXPECTED: Readonly<Record<EntityName, () => readonly ExpectedRow[]>> = {
  organisation: organisations,
  site: sites,
  device: devices,
  device_link: deviceLinks,
  user: users,
  role: roles,
  group: groups,
  group_member: groupMembers,
  script: scripts,
  policy: policies,
  policy_result: policyResults,
  query: queries,
  query_result: queryResults,
  check: checks,
  check_result: checkResults,
  task: tasks,
  task_result: taskResults,
  alert: alerts,
  event: events,
  event_device: eventDevices,
};

/** Rows as `export` prints them, by `<tool>:<id>`: unset columns left out, without `source_ts` and `deleted`. */
export type ExpectedRows = ReadonlyMap<string, ExpectedRow>;

const made = new Map<EntityName, ExpectedRows>();

export function expectedRows(entity: EntityName): ExpectedRows {
  const known = made.get(entity);
  if (known !== undefined) return known;
  const rows = new Map(EXPECTED[entity]().map((row) => [`${row.tool}:${row.id}`, withoutUnset(row)]));
  made.set(entity, rows);
  return rows;
}

function withoutUnset({ tool, id, ...columns }: ExpectedRow): ExpectedRow {
  const set = Object.entries(columns).filter(([, value]) => value !== undefined && value !== null);
  return { tool, id, ...Object.fromEntries(set) };
}
