import { devices } from './expected-devices.ts';
import { type ExpectedRow, placeOf } from './expected-row.ts';

/** One machine, several tools: every pair of expected devices, compared by hand. */

/** Tools in the order in which a link names them. */
const ORDER = ['tactical-rmm', 'fleet-mdm', 'meshcentral', 'authentik'];

/** What vendors write where a serial number belongs. */
const PLACEHOLDERS = [
  'to be filled by o.e.m.',
  'default string',
  'system serial number',
  'chassis serial number',
  'not specified',
  'not applicable',
  'none',
  'n/a',
  'unknown',
  'invalid',
  '-',
  '0',
  '00000000',
  '123456789',
  '0123456789',
];

export function deviceLinks(): ExpectedRow[] {
  const links: ExpectedRow[] = [];
  for (const first of devices()) {
    for (const second of devices()) {
      if (ORDER.indexOf(first.tool) >= ORDER.indexOf(second.tool)) continue;
      const evidence = evidenceOf(first, second);
      if (evidence.length > 0) links.push(link(first, second, evidence));
    }
  }
  return links;
}

function link(first: ExpectedRow, second: ExpectedRow, evidence: readonly string[]): ExpectedRow {
  const exact = evidence.some((kind) => kind !== 'hostname');
  return {
    tool: first.tool,
    id: `${first.id}|${second.tool}|${second.id}`,
    device_id: first.id,
    linked_tool: second.tool,
    linked_id: second.id,
    evidence: [...evidence].sort(),
    confidence: exact ? 'exact' : 'likely',
    ...placeOf(first),
  };
}

function evidenceOf(first: ExpectedRow, second: ExpectedRow): string[] {
  const evidence: string[] = [];
  if (first.mesh_node_id !== undefined && first.mesh_node_id === second.mesh_node_id)
    evidence.push('mesh_node_id');
  if (serial(first) !== undefined && serial(first) === serial(second)) evidence.push('serial_number');
  const sameOrganisation =
    first.organisation_name !== undefined && first.organisation_name === second.organisation_name;
  if (sameOrganisation && host(first) === host(second) && isOnly(first) && isOnly(second))
    evidence.push('hostname');
  return evidence;
}

function serial(row: ExpectedRow): string | undefined {
  if (typeof row.serial_number !== 'string') return undefined;
  const number = row.serial_number.trim().toLowerCase();
  return number === '' || PLACEHOLDERS.includes(number) ? undefined : number;
}

function host(row: ExpectedRow): string {
  return String(row.hostname).toLowerCase();
}

/** Whether no other device of its tool and organisation has its name. */
function isOnly(row: ExpectedRow): boolean {
  const namesakes = devices().filter(
    (other) =>
      other.tool === row.tool &&
      other.organisation_name === row.organisation_name &&
      host(other) === host(row),
  );
  return host(row) !== '' && namesakes.length === 1;
}
