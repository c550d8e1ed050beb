import { bucketOfId } from '../src/workers/stores/row.ts';
import { scrambled } from './generate.ts';

/**
 * A million devices of a thousand organisations, their users' memberships and some devices' events, as rows of the product's tables.
 * Row number i is always the same. Organisations of different tools have the same ids, as they do: both count from 1.
 */

export interface Organisation {
  readonly tool: 'tactical-rmm' | 'fleet-mdm';
  readonly id: string;
  /** Devices. */
  readonly size: number;
  /** Number of its first device. */
  readonly first: number;
}

/** Columns and their values, as the driver takes them. */
export type DataRow = Readonly<Record<string, unknown>>;

/** Of every 1,000 organisations so many have so many devices; in all 1,000,000. */
const SIZES: readonly (readonly [organisations: number, devices: number])[] = [
  [20, 5000],
  [200, 2000],
  [380, 1000],
  [400, 300],
];
export const USERS_PER_ORGANISATION = 100;
export const GROUPS_PER_USER = 3;
const START_MS = 1_788_344_430_123;
const DAY_MS = 86_400_000;

/** Organisations for about so many devices, large ones among small ones. */
export function organisationsFor(devices: number): Organisation[] {
  const sizes = SIZES.flatMap(([count, size]) => Array.from({ length: count }, () => size));
  const order = sizes.map((size, index) => [scrambled(index), size] as const);
  order.sort(([one], [other]) => one - other);
  const organisations: Organisation[] = [];
  let first = 0;
  for (const [index, [, size]] of order.entries()) {
    if (first >= devices) break;
    const isTactical = index % 5 < 3;
    const id = String(1 + 3 * Math.floor(index / 5) + (index % 5));
    const fleetId = String(1 + 2 * Math.floor(index / 5) + (index % 5) - 3);
    organisations.push({
      tool: isTactical ? 'tactical-rmm' : 'fleet-mdm',
      id: isTactical ? id : fleetId,
      size,
      first,
    });
    first += size;
  }
  return organisations;
}

/** Those with most devices. */
export function largestOf(organisations: readonly Organisation[]): Organisation[] {
  const most = Math.max(...organisations.map(({ size }) => size));
  return organisations.filter(({ size }) => size === most);
}

/** Who is logged in at a device; most users have one or two. */
export function userOf(device: number, devices: number): string {
  return `user${scrambled(device) % Math.ceil(devices / 2)}`;
}

export function deviceRow(
  { tool, id: organisation }: Organisation,
  device: number,
  devices: number,
  buckets: number,
): DataRow {
  const id = String(device + 1);
  const random = scrambled(device);
  const time = new Date(START_MS - (random % (30 * DAY_MS)));
  const name = `ACME-WS-${String(device).padStart(7, '0')}`;
  return {
    tool,
    bucket: bucketOfId(id, buckets),
    id,
    deleted: false,
    version: `0000:${String(24_023_119 + device * 56).padStart(20, '0')}:00000000`,
    source_ts: time,
    organisation_id: organisation,
    organisation_name: `Organisation ${organisation}`,
    site_id: `${organisation}0${random % 5}`,
    site_name: `Site ${random % 5}`,
    created_at: time,
    updated_at: time,
    device_key: hex(device, 40),
    hostname: name,
    display_name: name,
    description: 'Front desk',
    kind: random % 5 === 0 ? 'server' : 'workstation',
    platform: random % 7 === 0 ? 'darwin' : 'windows',
    os_name: 'Windows 11 Pro, 64 bit v23H2 (build 22631.3447)',
    architecture: 'amd64',
    agent_version: '2.9.0',
    hardware_uuid: hex(device + 7, 32),
    serial_number: hex(device + 3, 10),
    hardware_vendor: 'Dell Inc.',
    hardware_model: 'OptiPlex 7090',
    cpu: '11th Gen Intel(R) Core(TM) i7-11700 @ 2.50GHz',
    memory_bytes: BigInt(4 << (device % 4)) << 30n,
    public_ip: `203.0.113.${device % 250}`,
    private_ip: `10.${(device >> 16) & 255}.${(device >> 8) & 255}.${device & 255}`,
    mac: hex(device + 5, 12),
    logged_in_user: userOf(device, devices),
    timezone: 'America/New_York',
    last_seen: time,
    online: device % 3 !== 0,
    last_boot: time,
    enrolled_at: time,
    needs_reboot: device % 9 === 0,
    maintenance: false,
    mesh_node_id: hex(device + 11, 64),
    tags: ['front', `floor${device % 9}`],
  };
}

/** One of the memberships of a user. */
export function memberRow(user: number, nth: number, buckets: number): DataRow {
  const groupId = String(1 + (scrambled(user * GROUPS_PER_USER + nth) % 1000));
  const memberId = String(user + 1);
  const id = `${groupId}:${memberId}:${nth}`;
  return {
    tool: 'authentik',
    bucket: bucketOfId(id, buckets),
    id,
    deleted: false,
    version: `0000:${String(user).padStart(20, '0')}:00000000`,
    source_ts: new Date(START_MS),
    group_id: groupId,
    member_id: memberId,
    member_kind: 'user',
  };
}

/** The nth event of a device, one a minute, in the order in which they happened. */
export function eventRow({ tool, id: organisation }: Organisation, device: number, nth: number): DataRow {
  const random = scrambled(device * 7919 + nth);
  return {
    tool,
    device_id: String(device + 1),
    event_time: new Date(START_MS + nth * 60_000),
    id: `logs_auditlog:${device * 10_000 + nth}`,
    event_type: ['USER_LOGIN', 'SCRIPT_RUN', 'CHECK_FAILED'][random % 3],
    severity: ['INFO', 'WARNING', 'ERROR'][random % 3],
    source_type: 'agent.execute_script',
    actor_name: `user${random % 997}`,
    summary: `user${random % 997} ran script Collect diagnostics ${random % 89} on ACME-WS-${device}`,
    organisation_id: organisation,
  };
}

function hex(seed: number, length: number): string {
  let text = '';
  for (let part = 0; text.length < length; part += 1)
    text += scrambled(seed * 31 + part)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, length);
}
