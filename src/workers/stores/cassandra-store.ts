import { randomUUID } from 'node:crypto';
import type { Client, types } from 'cassandra-driver';
import { assert } from '../../shared/assert.ts';
import { type Columns, columnType, ENTITIES, type EntityName, type Tool } from '../../shared/entity.ts';
import { DestinationError, messageOf } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import type { CassandraSettings, WriteMode } from '../../shared/settings.ts';
import { versionTimestamp } from '../../shared/version.ts';
import { cutBatches } from './batches.ts';
import { createClient, WRITE_OPTIONS } from './cassandra-client.ts';
import { attempt } from './cassandra-errors.ts';
import { PROBES_TABLE, type Statement, Statements } from './cassandra-statements.ts';
import { boundOrNull, carryText } from './cassandra-values.ts';
import { indexedText, storedColumns, storedMutation } from './column-values.ts';
import { concernsList, DeviceEvents, type ListedEvent } from './device-events.ts';
import { DeviceList } from './device-list.ts';
import { KnownRows } from './known-rows.ts';
import { KnownVersions } from './known-versions.ts';
import { type LwtOutcome, LwtWriter } from './lwt-writer.ts';
import { MoveTable } from './move-table.ts';
import { PartitionLanes, partitionName } from './partition-lanes.ts';
import { applyCarried, assertIndexed, bucketOfId, isCompletable, owed, stillOwed } from './row.ts';
import { RowReader } from './row-reader.ts';
import type { Kept, KeyMove, PendingCarry, Row, RowKey, Store, Truncation } from './store.ts';
import { TruncationTable } from './truncation-table.ts';
import { WaitingTable } from './waiting-table.ts';
import { microseconds } from './write-clock.ts';

const FILL_ROUNDS_MAX = 8;

/** How tables of this name are written. */
export function writeModeOf(settings: CassandraSettings, table: string): WriteMode {
  return settings.writeModes[table] ?? settings.writeMode;
}

/**
 * Canonical state in Cassandra: a table per entity, partitioned by (tool, bucket). In `lwt` mode every write is conditional on the
 * facet's version (lwt-writer.ts); in `timestamp` mode the version is the write timestamp, Cassandra sorts it out, and every outcome
 * is `written`, because a plain write says nothing about what was there.
 */
export class CassandraStore implements Store {
  readonly #settings: CassandraSettings;
  readonly #client: Client;
  readonly #statements: Statements;
  readonly #writer: LwtWriter;
  readonly #reader: RowReader;
  readonly #moves: MoveTable;
  readonly #waiting: WaitingTable;
  readonly #truncations: TruncationTable;
  readonly #deviceList: DeviceList;
  readonly #deviceEvents: DeviceEvents;
  readonly #knownRows: KnownRows;
  readonly #lanes = new PartitionLanes();
  readonly #probeId = randomUUID();

  /** `client` for tests; the store shuts it down. */
  constructor(settings: CassandraSettings, client: Client = createClient(settings)) {
    this.#settings = settings;
    this.#client = client;
    this.#statements = new Statements(settings.keyspace, settings);
    this.#knownRows = new KnownRows(settings.knownRowsBytes);
    const known = new KnownVersions(settings.knownVersionsMax);
    this.#writer = new LwtWriter(this.#statements, known, this.#knownRows);
    this.#reader = new RowReader(client, this.#statements, (id) => this.bucketOf(id));
    this.#moves = new MoveTable(client, this.#statements);
    this.#waiting = new WaitingTable(client, this.#statements);
    this.#truncations = new TruncationTable(client, this.#statements);
    this.#deviceList = new DeviceList(client, this.#statements, async ({ entity, tool, id }) =>
      (await this.read(entity, tool, [id])).get(id),
    );
    this.#deviceEvents = new DeviceEvents(client, this.#statements, settings.historyKeepSeconds);
  }

  bucketOf(id: string): number {
    return bucketOfId(id, this.#settings.buckets);
  }

  async write(mutations: readonly Mutation[]): Promise<WriteOutcome[]> {
    const [first] = mutations;
    if (first === undefined) return [];
    const { entity, tool } = first;
    const bucket = this.bucketOf(first.id);
    const stored = mutations.map(storedMutation);
    for (const one of stored) {
      assert(
        one.entity === entity && one.tool === tool && this.bucketOf(one.id) === bucket,
        'one partition per write',
      );
    }
    const begun = microseconds();
    const outcomes = await this.#writeRows(stored, { entity, tool, bucket });
    if (entity === 'event') await this.#listEvents(tool, stored, outcomes, begun);
    return outcomes.map((outcome) => (outcome === 'created' ? 'written' : outcome));
  }

  async #writeRows(
    mutations: readonly Mutation[],
    { entity, tool, bucket }: { readonly entity: EntityName; readonly tool: Tool; readonly bucket: number },
  ): Promise<LwtOutcome[]> {
    const send = (statements: readonly Statement[]): Promise<types.ResultSet> =>
      this.#send(statements, entity);
    if (this.#mode(entity) === 'lwt') {
      const lane = partitionName(entity, tool, bucket);
      return await this.#lanes.run(lane, () => this.#writer.write(mutations, bucket, send));
    }
    for (const batch of cutBatches(mutations.map((mutation) => ({ mutation })))) {
      await send(batch.flatMap(({ mutation }) => timestampedOrRefused(this.#statements, mutation, bucket)));
    }
    return mutations.map(() => 'written');
  }

  /**
   * Lists events under their devices. A duplicate is listed as well: its first write may have ended before its listing did, and the
   * caller has tried again.
   */
  async #listEvents(
    tool: Tool,
    mutations: readonly Mutation[],
    outcomes: readonly LwtOutcome[],
    begun: bigint,
  ): Promise<void> {
    const isOpen = (outcome: LwtOutcome | undefined): boolean =>
      outcome === 'written' || outcome === 'duplicate';
    const created = mutations.filter((one, index) => outcomes[index] === 'created' && !one.deleted);
    // Of a row that was there before, the mutation may hold a part only, and a completion may have added to it.
    const others = mutations.filter((one, index) => isOpen(outcomes[index]) && !one.deleted);
    const ids = others.map(({ id }) => id);
    const rows = await this.read('event', tool, ids);
    const events = [...created.map(newEvent), ...rows.values()];
    await this.#deviceEvents.list(events, begun);
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    const rows = await this.#reader.read(entity, tool, ids);
    // Who reads a row is often about to write it. Plain writes have no condition that would tell whether it is still so.
    if (this.#mode(entity) === 'lwt') for (const row of rows.values()) this.#writer.saw(row);
    return rows;
  }

  async readWritten(mutations: readonly Mutation[]): Promise<Map<string, Row>> {
    const [first] = mutations;
    if (first === undefined) return new Map();
    const { rows, others } = this.#knownRows.ofWritten(mutations);
    return new Map([...rows, ...(await this.read(first.entity, first.tool, others))]);
  }

  async keepMoved(move: KeyMove, kept: Kept): Promise<readonly string[]> {
    return await attempt('keeping of a moved row', () => this.#moves.keep(move, kept));
  }

  async takeMoved(move: KeyMove, waitingId: string): Promise<Kept | undefined> {
    return await attempt('taking over of a moved row', () => this.#moves.take(move, waitingId));
  }

  async fillCarried(id: string, move: KeyMove, columns: Columns, next?: PendingCarry): Promise<void> {
    const lane = partitionName(move.entity, move.tool, this.bucketOf(id));
    for (let round = 0; round < FILL_ROUNDS_MAX; round += 1) {
      const row = (await this.read(move.entity, move.tool, [id])).get(id);
      const fill = this.#fillStatement(row, move, columns, next);
      if (fill === undefined) return;
      const result = await this.#lanes.run(lane, () => this.#send([fill], move.entity));
      // Refused: an update ended the waiting, or a part of it, between the read and here.
      if (result.wasApplied()) return;
    }
    throw new DestinationError(
      'transient',
      `filling of a moved row was refused ${FILL_ROUNDS_MAX} times in a row`,
    );
  }

  /** Undefined: the row does not wait for this move (any more). */
  #fillStatement(
    row: Row | undefined,
    move: KeyMove,
    columns: Columns,
    next: PendingCarry | undefined,
  ): Statement | undefined {
    if (row?.carry === undefined || applyCarried(row, move, columns) === undefined) return undefined;
    const { entity, tool, id } = row;
    const bound = Object.entries(owed(row.carry, columns)).map(
      ([name, value]) => [name, boundOrNull(columnType(entity, name), value)] as const,
    );
    const key = { entity, tool, bucket: this.bucketOf(id), id };
    if (this.#mode(entity) === 'lwt')
      return this.#statements.fill(key, bound, {
        carry: carryText(row.carry) ?? '',
        next: carryText(stillOwed(row.carry, next)),
        completions: row.completions ?? null,
      });
    // With the move's own timestamp the values lose to whatever came after it. The row goes on waiting, harmlessly.
    if (bound.length === 0) return undefined;
    return this.#statements.fill(key, bound, { timestamp: versionTimestamp(move.version) });
  }

  find(entity: EntityName, tool: Tool | null, column: string, value: string): AsyncIterable<Row> {
    assertIndexed(entity, column);
    return this.#reader.find(entity, tool, column, indexedText(value));
  }

  async complete(seen: Row, columns: Columns): Promise<boolean> {
    if (!isCompletable(seen)) return false;
    const { entity, tool, id } = seen;
    const stored = storedColumns(entity, columns);
    const apply = (): Promise<boolean> => this.#complete(seen, stored);
    if (entity !== 'event' || !concernsList(stored)) return await apply();
    const read = async (): Promise<Row | undefined> => (await this.read(entity, tool, [id])).get(id);
    return await this.#deviceEvents.complete(seen, stored, apply, read);
  }

  async #complete(seen: Row, columns: Columns): Promise<boolean> {
    const { entity, tool, id } = seen;
    const bucket = this.bucketOf(id);
    if (this.#mode(entity) === 'timestamp') {
      await this.#send([this.#statements.completeClocked(seen, bucket, columns)], entity);
      return true;
    }
    const statement = this.#statements.complete(seen, bucket, columns);
    const lane = partitionName(entity, tool, bucket);
    const result = await this.#lanes.run(lane, () => this.#send([statement], entity));
    this.#knownRows.forget(seen);
    return result.wasApplied();
  }

  async listDevice(device: RowKey): Promise<void> {
    await this.#deviceList.list(device);
  }

  async unlistDevice(tool: Tool, organisationId: string, id: string): Promise<void> {
    await this.#deviceList.unlist(tool, organisationId, id);
  }

  async addWaiting(waiting: readonly { readonly reference: string; readonly row: RowKey }[]): Promise<void> {
    await attempt('noting of waiting rows', () => this.#waiting.add(waiting));
  }

  async waiting(reference: string): Promise<readonly RowKey[]> {
    return await attempt('read of waiting rows', () => this.#waiting.of(reference));
  }

  everyWaiting(): AsyncIterable<{ readonly reference: string; readonly row: RowKey }> {
    return this.#waiting.all();
  }

  async removeWaiting(reference: string, rows: readonly RowKey[]): Promise<void> {
    await attempt('removal of waiting rows', () => this.#waiting.remove(reference, rows));
  }

  async keepTruncation(truncation: Truncation): Promise<void> {
    await attempt('keeping of a truncate', () => this.#truncations.keep(truncation));
  }

  async truncations(): Promise<readonly Truncation[]> {
    return await attempt('read of the truncates', () => this.#truncations.all());
  }

  scan(entity: EntityName): AsyncIterable<Row> {
    return this.#reader.scan(entity);
  }

  /** A lightweight transaction on a row of this store's own: it succeeds when writes of every mode would. */
  async probe(): Promise<void> {
    const now = new Date();
    const query = `UPDATE ${this.#statements.table(PROBES_TABLE)} SET probed_at = ? WHERE id = ? IF probed_at != ?`;
    await attempt('probe', () => this.#client.execute(query, [now, this.#probeId, now], WRITE_OPTIONS));
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  #mode(entity: EntityName): WriteMode {
    return writeModeOf(this.#settings, ENTITIES[entity].table);
  }

  /** Always as a batch, also a single statement: only a batch's refusal names the rows that it speaks of. */
  async #send(statements: readonly Statement[], entity: EntityName): Promise<types.ResultSet> {
    return await attempt(`write to ${ENTITIES[entity].table}`, () =>
      this.#client.batch([...statements], WRITE_OPTIONS),
    );
  }
}

function newEvent({ tool, id, columns }: Mutation): ListedEvent {
  return { tool, id, columns, isNew: true };
}

/** A version beyond what a write timestamp holds is about this record. */
function timestampedOrRefused(statements: Statements, mutation: Mutation, bucket: number): Statement[] {
  try {
    return statements.timestamped(mutation, bucket);
  } catch (error) {
    if (error instanceof RangeError)
      throw new DestinationError('permanent', messageOf(error), { cause: error });
    throw error;
  }
}
