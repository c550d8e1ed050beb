import type { EntityName } from '../../src/shared/entity.ts';

/** Columns that a row takes from other rows, by the model document: one record alone does not say them. */

const ORGANISATION = ['organisation_name'];
const PLACE = ['organisation_id', 'organisation_name', 'site_id', 'site_name'];

const OF_EVERY_TOOL: Readonly<Partial<Record<EntityName, readonly string[]>>> = {
  site: ORGANISATION,
  script: ORGANISATION,
  policy: ORGANISATION,
  query: ORGANISATION,
  policy_result: PLACE,
  query_result: PLACE,
  check: PLACE,
  check_result: PLACE,
  task: PLACE,
  task_result: PLACE,
  alert: PLACE,
};

/** `key` is `<tool>:<id>`. */
export function filledColumns(entity: EntityName, key: string): readonly string[] {
  if (entity === 'user') return key.startsWith('tactical-rmm:') ? ['role'] : [];
  if (entity === 'event') return [...PLACE, 'device_name', ...filledOfEvent(key)];
  if (entity !== 'device') return OF_EVERY_TOOL[entity] ?? [];
  if (key.startsWith('fleet-mdm:')) return ORGANISATION;
  return key.startsWith('meshcentral:') ? PLACE : PLACE.filter((column) => column !== 'site_id');
}

function filledOfEvent(key: string): readonly string[] {
  if (key.startsWith('tactical-rmm:logs_auditlog:')) return ['device_id'];
  if (key.startsWith('fleet-mdm:activity_past:')) return ['device_id', 'device_ids'];
  return key.startsWith('fleet-mdm:host_script_results:') ? ['actor_name'] : [];
}
