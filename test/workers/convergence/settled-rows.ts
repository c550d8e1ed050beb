import type { Columns, EntityName, Tool } from '../../../src/shared/entity.ts';
import type { RowName } from './world.ts';

/**
 * What rows have to be in the end, said plainly: everything of a row follows from its own newest columns and from those of the rows
 * that it names. Written without a look at src/shared/reference-table.ts.
 */

export interface OwnRow extends RowName {
  readonly version: string;
  /** Null: it is gone. */
  readonly columns: Columns | null;
}

type Plain = Readonly<Record<string, unknown>>;
export type SettledRows = ReadonlyMap<string, Plain>;

export const keyOf = ({ entity, tool, id }: RowName): string => `${entity}|${tool}|${id}`;

const TOOL_ORDER: readonly Tool[] = ['tactical-rmm', 'fleet-mdm', 'meshcentral'];

export function settledRows(own: Iterable<OwnRow>): SettledRows {
  const live = new Map<string, OwnRow & { readonly columns: Columns }>();
  for (const row of own) if (row.columns !== null) live.set(keyOf(row), { ...row, columns: row.columns });
  const rows = new Map<string, Plain>();
  for (const [key, row] of live) rows.set(key, withoutNull({ ...row.columns, ...filled(row, live) }));
  for (const [key, link] of links(
    [...live.values()].filter(({ entity }) => entity === 'device'),
    rows,
  ))
    rows.set(key, link);
  return rows;
}

type Live = ReadonlyMap<string, OwnRow & { readonly columns: Columns }>;
type LiveRow = OwnRow & { readonly columns: Columns };

function filled(row: LiveRow, live: Live): Plain {
  const { entity, tool, columns } = row;
  switch (entity) {
    case 'organisation':
    case 'role':
    case 'event_device':
      return {};
    case 'site':
      return organisation(columns.organisation_id, tool, live);
    case 'user':
      return tool === 'tactical-rmm' ? { role: get(live, 'role', tool, columns.role_id)?.columns.name } : {};
    case 'device':
      return placeOf(row, live);
    case 'event':
      return { ...eventDevice(row, live), ...actor(row, live) };
    default:
      return placeOfDevice(get(live, 'device', tool, columns.device_id), live);
  }
}

function get(live: Live, entity: EntityName, tool: Tool, id: unknown): LiveRow | undefined {
  return typeof id === 'string' ? live.get(keyOf({ entity, tool, id })) : undefined;
}

function organisation(id: unknown, tool: Tool, live: Live): Plain {
  return { organisation_id: id, organisation_name: get(live, 'organisation', tool, id)?.columns.name };
}

function placeAtSite(siteId: unknown, live: Live): Plain {
  const site = get(live, 'site', 'tactical-rmm', siteId)?.columns;
  return {
    site_id: siteId,
    site_name: site?.name,
    ...organisation(site?.organisation_id, 'tactical-rmm', live),
  };
}

/** Where a device is. */
function placeOf({ tool, id, columns }: LiveRow, live: Live): Plain {
  if (tool === 'fleet-mdm') return organisation(columns.organisation_id, tool, live);
  if (tool === 'tactical-rmm') return placeAtSite(columns.site_id, live);
  const agents = [...live.values()].filter(
    (row) => row.entity === 'device' && row.tool === 'tactical-rmm' && row.columns.mesh_node_id === id,
  );
  const [agent] = agents.sort((first, second) => (first.id < second.id ? -1 : 1));
  return placeAtSite(agent?.columns.site_id, live);
}

function placeOfDevice(device: LiveRow | undefined, live: Live): Plain {
  return device === undefined ? {} : placeOf(device, live);
}

function eventDevice({ tool, id, columns }: LiveRow, live: Live): Plain {
  if (id.startsWith('logs_auditlog:')) {
    const device = [...live.values()].find(
      (row) => row.entity === 'device' && row.tool === tool && row.columns.device_key === columns.device_key,
    );
    return ofDevice(device?.id, device, live);
  }
  if (!id.startsWith('activity_past:'))
    return ofDevice(columns.device_id, get(live, 'device', tool, columns.device_id), live);
  const hosts = [...live.values()]
    .filter((row) => row.entity === 'event_device' && row.columns.event_id === id)
    .map((row) => String(row.columns.device_id))
    .sort();
  if (hosts.length < 2) return ofDevice(hosts[0], get(live, 'device', tool, hosts[0]), live);
  const places = hosts.map((host) => get(live, 'device', tool, host)?.columns.organisation_id ?? null);
  const agreed = places.every((place) => place === places[0]) ? places[0] : null;
  return { device_ids: hosts, ...organisation(agreed, tool, live) };
}

function ofDevice(id: unknown, device: LiveRow | undefined, live: Live): Plain {
  return { device_id: id, device_name: device?.columns.hostname, ...placeOfDevice(device, live) };
}

function actor({ tool, id, columns }: LiveRow, live: Live): Plain {
  if (!id.startsWith('host_script_results:')) return {};
  return { actor_name: get(live, 'user', tool, columns.actor_id)?.columns.display_name };
}

function links(devices: readonly LiveRow[], rows: SettledRows): [string, Plain][] {
  const shown = devices.map((device) => ({ ...device, columns: rows.get(keyOf(device)) ?? {} }));
  return shown.flatMap((first) =>
    shown
      .filter((second) => TOOL_ORDER.indexOf(first.tool) < TOOL_ORDER.indexOf(second.tool))
      .flatMap((second) => link(first, second, shown)),
  );
}

interface Shown extends RowName {
  readonly columns: Plain;
}

function link(first: Shown, second: Shown, all: readonly Shown[]): [string, Plain][] {
  const same = (column: string): boolean =>
    first.columns[column] !== undefined && first.columns[column] === second.columns[column];
  const called = (device: Shown): number =>
    all.filter(
      ({ tool, columns }) =>
        tool === device.tool &&
        columns.hostname === device.columns.hostname &&
        columns.organisation_name === device.columns.organisation_name,
    ).length;
  const evidence: string[] = [];
  if (same('organisation_name') && same('hostname') && called(first) === 1 && called(second) === 1)
    evidence.push('hostname');
  if (same('mesh_node_id')) evidence.push('mesh_node_id');
  if (same('serial_number') && first.columns.serial_number !== 'none') evidence.push('serial_number');
  if (evidence.length === 0) return [];
  const { site_id, site_name, organisation_id, organisation_name } = first.columns;
  const columns = {
    site_id,
    site_name,
    organisation_id,
    organisation_name,
    device_id: first.id,
    linked_tool: second.tool,
    linked_id: second.id,
    evidence,
    confidence: evidence.some((kind) => kind !== 'hostname') ? 'exact' : 'likely',
  };
  const id = `${first.id}|${second.tool}|${second.id}`;
  return [[keyOf({ entity: 'device_link', tool: first.tool, id }), withoutNull(columns)]];
}

export function withoutNull(columns: Plain): Plain {
  return Object.fromEntries(
    Object.entries(columns).filter(([, value]) => value !== null && value !== undefined),
  );
}
