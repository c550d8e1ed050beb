import type { Client } from 'cassandra-driver';
import type { Columns, Tool } from '../../shared/entity.ts';
import { WRITE_OPTIONS } from './cassandra-client.ts';
import { attempt } from './cassandra-errors.ts';
import type { Statements } from './cassandra-statements.ts';
import { isCompletable } from './row.ts';
import type { Row, RowKey } from './store.ts';
import { microseconds } from './write-clock.ts';

export const DEVICE_LIST_TABLE = 'devices_by_organisation';
/** What the list shows of a device: what seldom changes (FACES of shared/reference-table.ts). When it was last seen is in its row. */
export const DEVICE_LIST_COLUMNS = [
  'device_key',
  'hostname',
  'kind',
  'platform',
  'os_name',
  'serial_number',
  'site_id',
  'site_name',
  'organisation_name',
] as const;
const LISTING = `write to ${DEVICE_LIST_TABLE}`;

/**
 * Devices beside their own table by organisation: "all devices of an organisation" is one query of one partition, where an index has
 * the server read each of them in a partition of its own (docs/queries.md). Kept in follow-up work, not by every write.
 */
export class DeviceList {
  readonly #client: Client;
  readonly #read: (device: RowKey) => Promise<Row | undefined>;
  readonly #insert: string;
  readonly #delete: string;

  constructor(client: Client, statements: Statements, read: (device: RowKey) => Promise<Row | undefined>) {
    this.#client = client;
    this.#read = read;
    const table = statements.table(DEVICE_LIST_TABLE);
    const names = ['tool', 'organisation_id', 'id', ...DEVICE_LIST_COLUMNS];
    const marks = names.map(() => '?').join(', ');
    this.#insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks}) USING TIMESTAMP ?`;
    this.#delete = `DELETE FROM ${table} USING TIMESTAMP ? WHERE tool = ? AND organisation_id = ? AND id = ?`;
  }

  /**
   * Lists a device as its row is, until the row is found to be as it was listed: of two who list a device at once, the one that saw
   * an older row looks again after the other's change and puts right what it wrote.
   */
  async list(device: RowKey): Promise<void> {
    let listed: string | undefined;
    let written = '';
    for (;;) {
      const row = await this.#read(device);
      const columns = row !== undefined && isCompletable(row) ? row.columns : {};
      const entry = JSON.stringify([
        columns.organisation_id,
        ...DEVICE_LIST_COLUMNS.map((name) => columns[name]),
      ]);
      if (entry === written) return;
      const organisation = columns.organisation_id;
      if (listed !== undefined && listed !== organisation) await this.unlist(device.tool, listed, device.id);
      if (typeof organisation === 'string' && organisation !== '') {
        await this.#enter(device, organisation, columns);
        listed = organisation;
      } else listed = undefined;
      written = entry;
    }
  }

  async unlist(tool: Tool, organisationId: string, id: string): Promise<void> {
    const params = [microseconds(), tool, organisationId, id];
    await attempt(LISTING, () => this.#client.execute(this.#delete, params, WRITE_OPTIONS));
  }

  async #enter({ tool, id }: RowKey, organisationId: string, columns: Columns): Promise<void> {
    const values = DEVICE_LIST_COLUMNS.map((name) => columns[name] ?? null);
    const params = [tool, organisationId, id, ...values, microseconds()];
    await attempt(LISTING, () => this.#client.execute(this.#insert, params, WRITE_OPTIONS));
  }
}
