import { type Columns, MAIN_FACET, TOOLS, type Tool } from '../shared/entity.ts';
import type { Row } from './stores/store.ts';

/**
 * When rows of different tools are one machine (model document, device_link): which evidence holds between two devices. Pure; finding
 * the devices and writing the links is link-devices.ts.
 */
export type Evidence = 'mesh_node_id' | 'serial_number' | 'hostname';

/** What firmware says where the maker wrote no serial number. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  '-',
  '.',
  '0',
  '00000000',
  '0123456789',
  '123456789',
  '1234567890',
  'chassis serial number',
  'default string',
  'empty',
  'invalid',
  'n/a',
  'na',
  'none',
  'not applicable',
  'not available',
  'not specified',
  'null',
  'o.e.m.',
  'oem',
  'serial number',
  'system serial number',
  'to be filled by o.e.m.',
  'to be filled by oem',
  'undefined',
  'unknown',
  'xxxxxxxx',
  'xxxxxxxxxxxx',
]);

/** Tools that have devices, in the order in which a link names them. */
export const DEVICE_TOOLS: readonly Tool[] = TOOLS.filter((tool) => tool !== 'authentik');

/** A serial number that says which machine it is, in the form in which it is compared; null for none. */
export function serialOf(columns: Columns): string | null {
  const value = folded(columns.serial_number);
  return value === null || PLACEHOLDERS.has(value) ? null : value;
}

export function hostnameOf(columns: Columns): string | null {
  return folded(columns.hostname);
}

function folded(value: Columns[string] | undefined): string | null {
  if (typeof value !== 'string') return null;
  const text = value.trim().toLowerCase();
  return text === '' ? null : text;
}

export function isDevice(row: Row | undefined): row is Row {
  return row !== undefined && !row.deleted && row.versions[MAIN_FACET] !== undefined;
}

/**
 * What says that two devices are one machine; sorted. `namesakes`: the devices of both tools that have the hostname of these in their
 * organisation, themselves included.
 */
export function evidenceOf(one: Row, other: Row, namesakes: readonly Row[]): Evidence[] {
  const evidence: Evidence[] = [];
  if (sharesHostname(one, other) && isUnique(one, namesakes) && isUnique(other, namesakes))
    evidence.push('hostname');
  const node = one.columns.mesh_node_id;
  if (typeof node === 'string' && node !== '' && node === other.columns.mesh_node_id)
    evidence.push('mesh_node_id');
  const serial = serialOf(one.columns);
  if (serial !== null && serial === serialOf(other.columns)) evidence.push('serial_number');
  return evidence;
}

/** Organisations have ids of their own in every tool: they are the same when they are called the same. */
export function sharesHostname(one: Row, other: Row): boolean {
  const hostname = hostnameOf(one.columns);
  const organisation = one.columns.organisation_name;
  return (
    hostname !== null &&
    hostname === hostnameOf(other.columns) &&
    typeof organisation === 'string' &&
    organisation === other.columns.organisation_name
  );
}

function isUnique(device: Row, namesakes: readonly Row[]): boolean {
  return !namesakes.some(
    (other) => other.tool === device.tool && other.id !== device.id && sharesHostname(device, other),
  );
}

/** A link's row: its id and columns. The devices are given in the order of DEVICE_TOOLS. */
export function linkColumns(one: Row, other: Row, evidence: readonly Evidence[]): Columns {
  const { site_id = null, site_name = null, organisation_id = null, organisation_name = null } = one.columns;
  return {
    site_id,
    site_name,
    organisation_id,
    organisation_name,
    ...linkNames(one, other),
    evidence: [...evidence],
    confidence: evidence.some((kind) => kind !== 'hostname') ? 'exact' : 'likely',
  };
}

/** Columns that say between which devices a link is. */
export function linkNames(one: DeviceKey, other: DeviceKey): Columns {
  return { device_id: one.id, linked_tool: other.tool, linked_id: other.id };
}

export interface DeviceKey {
  readonly tool: Tool;
  readonly id: string;
}

/** Two devices of different tools in the order of a link; undefined for two of one tool. */
export function ordered(one: DeviceKey, other: DeviceKey): readonly [DeviceKey, DeviceKey] | undefined {
  const order = DEVICE_TOOLS.indexOf(one.tool) - DEVICE_TOOLS.indexOf(other.tool);
  if (order === 0) return undefined;
  return order < 0 ? [one, other] : [other, one];
}

export function linkId(one: DeviceKey, other: DeviceKey): string {
  return `${one.id}|${other.tool}|${other.id}`;
}
