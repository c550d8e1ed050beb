import type { Client } from 'cassandra-driver';
import { must } from '../src/shared/assert.ts';
import { WRITE_OPTIONS } from '../src/workers/stores/cassandra-client.ts';
import { bucketOfId } from '../src/workers/stores/row.ts';
import { scrambled } from './generate.ts';
import {
  type DataRow,
  deviceRow,
  eventRow,
  GROUPS_PER_USER,
  memberRow,
  type Organisation,
} from './query-data.ts';

/** Loads what the queries are asked of, and waits until the node has digested it. */

const IN_FLIGHT = 24;
const ROWS_PER_BATCH = 50;
const SETTLE_EVERY_MS = 2000;
const SETTLED_TIMES = 3;
/** Devices that have events, and how many each. */
const EVENTS = 200;
const MANY_EVENTS = 10_000;

/** A device by its number. */
export type DeviceOf = readonly [Organisation, number];

/** Rows of one partition, made when their turn comes. */
interface Part {
  readonly table: string;
  readonly rows: () => readonly DataRow[];
}

export interface Data {
  readonly organisations: readonly Organisation[];
  readonly devices: number;
  readonly users: number;
  readonly buckets: number;
}

/** Devices with 200 events each: the first ones of every organisation. And a few with 10,000: the last ones. */
export function devicesWithEvents({ devices, organisations }: Data): {
  readonly some: readonly DeviceOf[];
  readonly many: readonly DeviceOf[];
} {
  const pick = (count: number, which: (organisation: Organisation, nth: number) => number): DeviceOf[] =>
    Array.from({ length: count }, (_, index) => {
      const organisation = must(organisations[index % organisations.length], 'organisation');
      return [organisation, which(organisation, Math.floor(index / organisations.length))];
    });
  return {
    some: pick(Math.max(20, Math.ceil(devices / 500)), ({ first }, nth) => first + nth),
    many: pick(Math.max(2, Math.ceil(devices / 100_000)), ({ first, size }, nth) => first + size - 1 - nth),
  };
}

/** Every row of every table, mixed as a stream mixes them: neighbours in a partition come at different times. */
export async function load(
  client: Client,
  keyspace: string,
  data: Data,
  beside: Beside,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const parts = [
    ...deviceParts(data),
    ...besideParts(data, beside),
    ...memberParts(data),
    ...eventParts(data),
  ];
  const order = parts.map((part, index) => [scrambled(index), part] as const);
  order.sort(([one], [other]) => one - other);
  const counts: Record<string, number> = {};
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let entry = order[next++]; entry !== undefined; entry = order[next++]) {
      const [, { table, rows }] = entry;
      const batch = rows();
      await client.batch(
        batch.map((row) => insert(keyspace, table, row)),
        WRITE_OPTIONS,
      );
      counts[table] = (counts[table] ?? 0) + batch.length;
      if (next % 10_000 === 0) log(`  loading: ${Math.round((100 * next) / order.length)} %`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return counts;
}

function insert(keyspace: string, table: string, row: DataRow): { query: string; params: unknown[] } {
  const names = Object.keys(row);
  const marks = names.map(() => '?').join(', ');
  const query = `INSERT INTO ${keyspace}.${table} (${names.join(', ')}) VALUES (${marks})`;
  return { query, params: Object.values(row) };
}

function deviceParts({ organisations, devices, buckets }: Data): Part[] {
  const partitions = new Map<string, DeviceOf[]>();
  for (const organisation of organisations)
    for (let nth = 0; nth < organisation.size; nth += 1) {
      const device = organisation.first + nth;
      const name = `${organisation.tool}|${bucketOfId(String(device + 1), buckets)}`;
      const known = partitions.get(name);
      if (known === undefined) partitions.set(name, [[organisation, device]]);
      else known.push([organisation, device]);
    }
  return [...partitions.values()].flatMap((partition) => {
    partition.sort(([, one], [, other]) => scrambled(one) - scrambled(other));
    return slices(partition, ROWS_PER_BATCH, 'devices', ([organisation, device]) =>
      deviceRow(organisation, device, devices, buckets),
    );
  });
}

/** The candidate that the index is compared with: what a list of devices shows, by organisation. */
export interface Beside {
  readonly table: string;
  readonly columns: readonly string[];
}

function besideParts({ organisations, devices, buckets }: Data, { table, columns }: Beside): Part[] {
  return organisations.flatMap((organisation) => {
    const numbers = Array.from({ length: organisation.size }, (_, nth) => organisation.first + nth);
    numbers.sort((one, other) => scrambled(one) - scrambled(other));
    return slices(numbers, ROWS_PER_BATCH, table, (device) => {
      const row = deviceRow(organisation, device, devices, buckets);
      return Object.fromEntries(columns.map((column) => [column, row[column]]));
    });
  });
}

function memberParts({ users, buckets }: Data): Part[] {
  const partitions = new Map<unknown, DataRow[]>();
  for (let index = 0; index < users * GROUPS_PER_USER; index += 1) {
    const row = memberRow(Math.floor(index / GROUPS_PER_USER), index % GROUPS_PER_USER, buckets);
    const known = partitions.get(row.bucket);
    if (known === undefined) partitions.set(row.bucket, [row]);
    else known.push(row);
  }
  return [...partitions.values()].flatMap((rows) =>
    slices(rows, ROWS_PER_BATCH, 'group_members', (row) => row),
  );
}

function eventParts(data: Data): Part[] {
  const { some, many } = devicesWithEvents(data);
  const ofDevice = (count: number, [organisation, device]: DeviceOf): Part[] =>
    slices(
      Array.from({ length: count }, (_, nth) => nth),
      ROWS_PER_BATCH,
      'device_events',
      (nth) => eventRow(organisation, device, nth),
    );
  return [
    ...some.flatMap((one) => ofDevice(EVENTS, one)),
    ...many.flatMap((one) => ofDevice(MANY_EVENTS, one)),
  ];
}

function slices<T>(items: readonly T[], size: number, table: string, rowOf: (item: T) => DataRow): Part[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => ({
    table,
    rows: () => items.slice(index * size, (index + 1) * size).map(rowOf),
  }));
}

/** Waits until no compaction runs and every index answers. */
export async function settle(client: Client, keyspace: string): Promise<void> {
  for (let quiet = 0; quiet < SETTLED_TIMES; ) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_EVERY_MS));
    const tasks = await client.execute('SELECT task_id FROM system_views.sstable_tasks');
    const indexes = await client.execute('SELECT * FROM system_views.sai_column_indexes');
    const behind = indexes.rows.filter(
      (row) => row.keyspace_name === keyspace && (row.is_building === true || row.is_queryable !== true),
    );
    quiet = tasks.rowLength === 0 && behind.length === 0 ? quiet + 1 : 0;
  }
}
