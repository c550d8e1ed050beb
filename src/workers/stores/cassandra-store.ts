import { randomUUID } from 'node:crypto';
import type { Client, types } from 'cassandra-driver';
import { assert } from '../../shared/assert.ts';
import { type Columns, columnType, ENTITIES, type EntityName, type Tool } from '../../shared/entity.ts';
import { DestinationError, messageOf } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import type { CassandraSettings, WriteMode } from '../../shared/settings.ts';
import { versionTimestamp } from '../../shared/version.ts';
import { cutBatches } from './batches.ts';
import { createClient, READ_OPTIONS, WRITE_OPTIONS } from './cassandra-client.ts';
import { cassandraFailure } from './cassandra-errors.ts';
import { PROBES_TABLE, type Statement, Statements } from './cassandra-statements.ts';
import { boundValue, carryText, readRow } from './cassandra-values.ts';
import { storedMutation } from './column-values.ts';
import { KnownVersions } from './known-versions.ts';
import { LwtWriter } from './lwt-writer.ts';
import { MoveTable } from './move-table.ts';
import { PartitionLanes } from './partition-lanes.ts';
import { applyCarried, bucketOfId, owed, stillOwed } from './row.ts';
import type { Kept, KeyMove, PendingCarry, Row, Store } from './store.ts';

/** Ids of one SELECT … IN, and how many of those run at once. */
const READ_IDS_MAX = 100;
const READS_MAX = 16;
const SCAN_PAGE = 1000;
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
  readonly #moves: MoveTable;
  readonly #lanes = new PartitionLanes();
  readonly #probeId = randomUUID();

  /** `client` for tests; the store shuts it down. */
  constructor(settings: CassandraSettings, client: Client = createClient(settings)) {
    this.#settings = settings;
    this.#client = client;
    this.#statements = new Statements(settings.keyspace, settings.deletedKeepSeconds);
    this.#writer = new LwtWriter(this.#statements, new KnownVersions(settings.knownVersionsMax));
    this.#moves = new MoveTable(client, this.#statements);
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
    const send = (statements: readonly Statement[]): Promise<types.ResultSet> =>
      this.#send(statements, entity);
    if (this.#mode(entity) === 'timestamp') return await this.#writeTimestamped(stored, bucket, send);
    return await this.#lanes.run(partition(entity, tool, bucket), () =>
      this.#writer.write(stored, bucket, send),
    );
  }

  async #writeTimestamped(
    mutations: readonly Mutation[],
    bucket: number,
    send: (statements: readonly Statement[]) => Promise<types.ResultSet>,
  ): Promise<WriteOutcome[]> {
    for (const batch of cutBatches(mutations.map((mutation) => ({ mutation })))) {
      await send(batch.map(({ mutation }) => timestampedOrRefused(this.#statements, mutation, bucket)));
    }
    return mutations.map(() => 'written');
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    const chunks = this.#chunks(ids);
    const rows = new Map<string, Row>();
    const query = this.#statements.read(entity);
    const next = async (): Promise<void> => {
      for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) {
        const params = [tool, chunk.bucket, chunk.ids];
        const result = await this.#execute(`read of ${ENTITIES[entity].table}`, () =>
          this.#client.execute(query, params, READ_OPTIONS),
        );
        for (const row of result.rows) {
          const read = readRow(entity, (column) => row[column]);
          rows.set(read.id, read);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_MAX, chunks.length) }, next));
    return rows;
  }

  #chunks(ids: readonly string[]): { readonly bucket: number; readonly ids: string[] }[] {
    const chunks: { readonly bucket: number; readonly ids: string[] }[] = [];
    const open = new Map<number, string[]>();
    for (const id of new Set(ids)) {
      const bucket = this.bucketOf(id);
      let chunk = open.get(bucket);
      if (chunk === undefined || chunk.length === READ_IDS_MAX) {
        chunk = [];
        open.set(bucket, chunk);
        chunks.push({ bucket, ids: chunk });
      }
      chunk.push(id);
    }
    return chunks;
  }

  async keepMoved(move: KeyMove, kept: Kept): Promise<readonly string[]> {
    return await this.#execute('keeping of a moved row', () => this.#moves.keep(move, kept));
  }

  async takeMoved(move: KeyMove, waitingId: string): Promise<Kept | undefined> {
    return await this.#execute('taking over of a moved row', () => this.#moves.take(move, waitingId));
  }

  async fillCarried(id: string, move: KeyMove, columns: Columns, next?: PendingCarry): Promise<void> {
    const lane = partition(move.entity, move.tool, this.bucketOf(id));
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
      ([name, value]) => [name, value === null ? null : boundValue(columnType(entity, name), value)] as const,
    );
    const key = { entity, tool, bucket: this.bucketOf(id), id };
    if (this.#mode(entity) === 'lwt')
      return this.#statements.fill(key, bound, {
        carry: carryText(row.carry) ?? '',
        next: carryText(stillOwed(row.carry, next)),
      });
    // With the move's own timestamp the values lose to whatever came after it. The row goes on waiting, harmlessly.
    if (bound.length === 0) return undefined;
    return this.#statements.fill(key, bound, { timestamp: versionTimestamp(move.version) });
  }

  async *scan(entity: EntityName): AsyncIterable<Row> {
    const doing = `scan of ${ENTITIES[entity].table}`;
    const options = { ...READ_OPTIONS, fetchSize: SCAN_PAGE };
    let pageState: string | undefined;
    do {
      const page = pageState === undefined ? options : { ...options, pageState };
      const result = await this.#execute(doing, () =>
        this.#client.execute(this.#statements.scan(entity), [], page),
      );
      for (const row of result.rows) yield readRow(entity, (column) => row[column]);
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** A lightweight transaction on a row of this store's own: it succeeds when writes of every mode would. */
  async probe(): Promise<void> {
    const now = new Date();
    const query = `UPDATE ${this.#statements.table(PROBES_TABLE)} SET probed_at = ? WHERE id = ? IF probed_at != ?`;
    await this.#execute('probe', () => this.#client.execute(query, [now, this.#probeId, now], WRITE_OPTIONS));
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  #mode(entity: EntityName): WriteMode {
    return writeModeOf(this.#settings, ENTITIES[entity].table);
  }

  /** Always as a batch, also a single statement: only a batch's refusal names the rows that it speaks of. */
  async #send(statements: readonly Statement[], entity: EntityName): Promise<types.ResultSet> {
    return await this.#execute(`write to ${ENTITIES[entity].table}`, () =>
      this.#client.batch([...statements], WRITE_OPTIONS),
    );
  }

  async #execute<T>(doing: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw cassandraFailure(error, doing);
    }
  }
}

function partition(entity: EntityName, tool: Tool, bucket: number): string {
  return `${entity}|${tool}|${bucket}`;
}

/** A version beyond what a write timestamp holds is about this record. */
function timestampedOrRefused(statements: Statements, mutation: Mutation, bucket: number): Statement {
  try {
    return statements.timestamped(mutation, bucket);
  } catch (error) {
    if (error instanceof RangeError)
      throw new DestinationError('permanent', messageOf(error), { cause: error });
    throw error;
  }
}
