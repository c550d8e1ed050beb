import type { Client } from 'cassandra-driver';
import type { Columns, Tool } from '../../shared/entity.ts';
import { attempt } from './cassandra-errors.ts';
import type { Statement, Statements } from './cassandra-statements.ts';
import { sendAll } from './send-all.ts';
import type { Row } from './store.ts';
import { microseconds } from './write-clock.ts';

export const DEVICE_EVENTS_TABLE = 'device_events';
/** What the list shows of an event. */
export const LISTED_COLUMNS = [
  'event_type',
  'severity',
  'source_type',
  'actor_name',
  'summary',
  'organisation_id',
] as const;
const LISTING = `write to ${DEVICE_EVENTS_TABLE}`;
/** What of an event decides where it is listed. */
const PLACING_COLUMNS: readonly string[] = ['event_time', 'device_id', 'device_ids'];

/** An event as it is listed: at least the columns that matter here. */
export interface ListedEvent {
  readonly tool: Tool;
  readonly id: string;
  readonly columns: Columns;
  /** Whether it has not been listed before. */
  readonly isNew?: boolean;
}

/** Whether a list entry shows or depends on one of these columns. */
export function concernsList(columns: Columns): boolean {
  return [...PLACING_COLUMNS, ...LISTED_COLUMNS].some((column) => columns[column] !== undefined);
}

/**
 * Events beside their own table by device and time: "the newest 100 events of a device" is one query of one partition. A partition
 * holds the events of one device for as long as events are kept, which is what bounds it.
 *
 * Entries are plain writes. Their write timestamp (`begun`, µs) is the time at which the change of the event began: whoever changes an event that
 * another has written began after that one, so that its entry wins, in whatever order the two get here.
 */
export class DeviceEvents {
  readonly #client: Client;
  readonly #insert: string;
  readonly #delete: string;
  readonly #ttlSeconds: number;

  constructor(client: Client, statements: Statements, ttlSeconds: number) {
    this.#client = client;
    this.#ttlSeconds = ttlSeconds;
    const table = statements.table(DEVICE_EVENTS_TABLE);
    const names = ['tool', 'device_id', 'event_time', 'id', ...LISTED_COLUMNS];
    const marks = names.map(() => '?').join(', ');
    this.#insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks}) USING TIMESTAMP ? AND TTL ?`;
    this.#delete = `DELETE FROM ${table} USING TIMESTAMP ? WHERE tool = ? AND device_id = ? AND event_time = ? AND id = ?`;
  }

  /** Lists events as they are now. */
  async list(events: readonly ListedEvent[], begun: bigint): Promise<void> {
    await attempt(LISTING, () => this.#list(events, begun));
  }

  async #list(events: readonly ListedEvent[], begun: bigint): Promise<void> {
    const entries = new Entries();
    for (const event of events) this.#enter(entries, event, begun);
    await sendAll(this.#client, entries.byDevice());
  }

  /**
   * Makes a completion of an event (`apply` answers whether it was made, `read` gives the row as it is now) and keeps the lists in
   * step. The entries come first: what has been completed is not completed again, so entries that a crash left out would stay out.
   */
  async complete(
    seen: Row,
    columns: Columns,
    apply: () => Promise<boolean>,
    read: () => Promise<Row | undefined>,
  ): Promise<boolean> {
    const { tool, id } = seen;
    const completed = { tool, id, columns: { ...seen.columns, ...columns } };
    await attempt(LISTING, () => this.#list([completed], microseconds()));
    const isMade = await apply();
    // Refused: the row has become another one, which is listed in place of what it did not become.
    const now = isMade ? completed : ((await read()) ?? { tool, id, columns: {} });
    await attempt(LISTING, async () => {
      if (!isMade) await this.#list([now], microseconds());
      await this.#unlist(isMade ? seen : completed, now);
    });
    return isMade;
  }

  /** Takes an event that was `before` from lists where it is no longer. */
  async #unlist(before: ListedEvent, now: ListedEvent): Promise<void> {
    const entries = new Entries();
    const { tool, id } = before;
    const kept = placesOf(now);
    for (const { device, time } of placesOf(before)) {
      if (kept.some((one) => one.device === device && one.time === time)) continue;
      const params = [microseconds(), tool, device, new Date(time), id];
      entries.add(tool, device, { query: this.#delete, params });
    }
    await sendAll(this.#client, entries.byDevice());
  }

  #enter(entries: Entries, event: ListedEvent, begun: bigint): void {
    const { tool, id, columns, isNew } = event;
    // In an event's first entry nulls would only leave tombstones.
    const listed = LISTED_COLUMNS.map((column) => columns[column] ?? (isNew ? undefined : null));
    for (const { device, time } of placesOf(event)) {
      const params = [tool, device, new Date(time), id, ...listed, begun, this.#ttlSeconds];
      entries.add(tool, device, { query: this.#insert, params });
    }
  }
}

/** Statements by the partition that they are about. */
class Entries {
  readonly #byDevice = new Map<string, Statement[]>();

  add(tool: Tool, device: string, statement: Statement): void {
    const key = `${tool}|${device}`;
    const statements = this.#byDevice.get(key) ?? [];
    statements.push(statement);
    this.#byDevice.set(key, statements);
  }

  byDevice(): Statement[][] {
    return [...this.#byDevice.values()];
  }
}

/** Where an event is listed: nowhere without a time or a device. */
function placesOf({ columns }: ListedEvent): { readonly device: string; readonly time: number }[] {
  const { event_time: time, device_id, device_ids } = columns;
  if (typeof time !== 'number') return [];
  const devices = new Set([device_id, ...(Array.isArray(device_ids) ? device_ids : [])]);
  return [...devices].flatMap((device) =>
    typeof device === 'string' && device !== '' ? { device, time } : [],
  );
}
