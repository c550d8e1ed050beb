import type { ExpectedRow, Place } from './expected-row.ts';
import { asText, byKey, fleet, iso, type SourceRow, tactical } from './final-state.ts';

/** Organisations and sites, and what a row takes from them. */

export function organisations(): ExpectedRow[] {
  const own = (tool: string, row: SourceRow) => ({
    tool,
    id: String(row.id),
    organisation_id: asText(row.id),
    organisation_name: row.name,
    name: row.name,
  });
  return [
    ...tactical('clients_client').map((row) => ({
      ...own('tactical-rmm', row),
      created_at: iso(row.created_time),
      updated_at: iso(row.modified_time),
    })),
    ...fleet('teams').map((row) => ({
      ...own('fleet-mdm', row),
      description: row.description,
      created_at: iso(row.created_at),
    })),
  ];
}

export function sites(): ExpectedRow[] {
  return tactical('clients_site').map((row) => ({
    tool: 'tactical-rmm',
    id: String(row.id),
    name: row.name,
    ...tacticalPlace(row.id),
    created_at: iso(row.created_time),
    updated_at: iso(row.modified_time),
  }));
}

/** Where a Tactical site is: its own name and its organisation's. */
export function tacticalPlace(siteId: unknown): Place {
  const site = byKey(tactical('clients_site'), 'id').get(siteId);
  const client = byKey(tactical('clients_client'), 'id').get(site?.client_id);
  return {
    site_id: asText(siteId),
    site_name: site?.name,
    organisation_id: asText(site?.client_id),
    organisation_name: client?.name,
  };
}

/** Where what a Fleet team has is: teams are organisations, and Fleet knows no sites. */
export function fleetPlace(teamId: unknown): Place {
  return {
    organisation_id: asText(teamId),
    organisation_name: byKey(fleet('teams'), 'id').get(teamId)?.name,
  };
}
