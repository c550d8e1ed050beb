import type { Client } from 'cassandra-driver';
import { must } from '../src/shared/assert.ts';
import { columnType } from '../src/shared/entity.ts';
import { GROUPS_PER_USER, largestOf, type Organisation, userOf } from './query-data.ts';
import { type Beside, type Data, type DeviceOf, devicesWithEvents } from './query-load.ts';

/**
 * The queries as they are sent, and what stands beside the product's tables to compare them with. Filtering is by the tool alone: organisations and users of
 * several tools have the same ids.
 */

export interface Query {
  readonly name: string;
  readonly cql: string;
  /** For one query after another, of random rows. */
  readonly params: () => readonly unknown[];
  readonly fetchSize: number;
  /** Whether every page is read, otherwise the first alone. */
  readonly isWhole: boolean;
  /** Part of the queries that this one is worth: the slow ones are asked less often. */
  readonly share: number;
}

/** What a list of devices shows. */
const LISTED = [
  'hostname',
  'display_name',
  'description',
  'kind',
  'platform',
  'os_name',
  'agent_version',
  'public_ip',
  'private_ip',
  'logged_in_user',
  'last_seen',
  'online',
  'needs_reboot',
  'maintenance',
  'site_id',
  'site_name',
  'organisation_name',
] as const;
const SHOWN = ['id', 'deleted', ...LISTED].join(', ');

export const BESIDE: Beside = {
  table: 'devices_by_organisation',
  columns: ['tool', 'organisation_id', 'id', 'deleted', ...LISTED],
};

/** The candidate for "all devices of an organisation" that needs no index. */
export async function createBeside(client: Client, keyspace: string): Promise<void> {
  const columns = LISTED.map((column) => `${column} ${columnType('device', column)}, `).join('');
  await client.execute(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.${BESIDE.table} (tool text, organisation_id text, id text, deleted boolean, ${columns}PRIMARY KEY ((tool, organisation_id), id))`,
    [],
    { prepare: false },
  );
}

const PAGE = 5000;
const FIRST = 100;

export function queriesOf(keyspace: string, data: Data): Query[] {
  return [
    ...organisationQueries(keyspace, data),
    ...userQueries(keyspace, data),
    ...eventQueries(keyspace, data),
  ];
}

function organisationQueries(keyspace: string, { organisations }: Data): Query[] {
  const ways = [
    [
      'index',
      `SELECT ${SHOWN} FROM ${keyspace}.devices WHERE organisation_id = ? AND tool = ? ALLOW FILTERING`,
    ],
    ['table', `SELECT ${SHOWN} FROM ${keyspace}.${BESIDE.table} WHERE organisation_id = ? AND tool = ?`],
  ] as const;
  const big = largestOf(organisations);
  const most = big[0]?.size ?? 0;
  const ofOne = ({ tool, id }: Organisation): readonly unknown[] => [id, tool];
  return ways.flatMap(([way, cql]) => {
    const slow = way === 'index' ? 0.1 : 1;
    const query = (what: string, from: readonly Organisation[], more: Partial<Query>): Query => ({
      name: `devices of an organisation${what}`,
      cql,
      params: () => ofOne(anyOf(from)),
      fetchSize: FIRST,
      isWhole: false,
      share: 1,
      ...more,
    });
    return [
      query(`, ${way}, first ${FIRST}`, organisations, {}),
      query(`, ${way}, all`, organisations, { fetchSize: PAGE, isWhole: true, share: slow }),
      query(` of ${most}, ${way}, first 1000`, big, { fetchSize: 1000, share: slow }),
      query(` of ${most}, ${way}, all`, big, { fetchSize: PAGE, isWhole: true, share: slow / 4 }),
    ];
  });
}

function userQueries(keyspace: string, { organisations, devices, users }: Data): Query[] {
  const shared = { fetchSize: PAGE, isWhole: true, share: 1 };
  return [
    {
      name: "a user's devices, index",
      cql: `SELECT ${SHOWN} FROM ${keyspace}.devices WHERE logged_in_user = ? AND tool = ? ALLOW FILTERING`,
      params: () => {
        const { tool, first, size } = anyOf(organisations);
        return [userOf(first + below(size), devices), tool];
      },
      ...shared,
    },
    {
      name: `a user's ${GROUPS_PER_USER} memberships, index`,
      cql: `SELECT id, deleted, group_id, member_kind FROM ${keyspace}.group_members WHERE member_id = ? AND tool = ? ALLOW FILTERING`,
      params: () => [String(1 + below(users)), 'authentik'],
      ...shared,
    },
  ];
}

function eventQueries(keyspace: string, data: Data): Query[] {
  const { some, many } = devicesWithEvents(data);
  const cql = `SELECT * FROM ${keyspace}.device_events WHERE tool = ? AND device_id = ? LIMIT ${FIRST}`;
  const query = (name: string, from: readonly DeviceOf[]): Query => ({
    name,
    cql,
    params: () => {
      const [{ tool }, device] = anyOf(from);
      return [tool, String(device + 1)];
    },
    fetchSize: FIRST,
    isWhole: false,
    share: 1,
  });
  return [
    query(`a device's newest ${FIRST} of 200 events, table`, some),
    query(`a device's newest ${FIRST} of 10,000 events, table`, many),
  ];
}

function below(count: number): number {
  return Math.floor(Math.random() * count);
}

function anyOf<T>(items: readonly T[]): T {
  return must(items[below(items.length)], 'item');
}
