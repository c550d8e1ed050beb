import type { Client } from 'cassandra-driver';
import pLimit from 'p-limit';
import { ENTITIES, type EntityName, type Tool } from '../../shared/entity.ts';
import { READ_OPTIONS } from './cassandra-client.ts';
import { attempt } from './cassandra-errors.ts';
import type { Statements } from './cassandra-statements.ts';
import { readRows } from './cassandra-values.ts';
import { partitionName } from './partition-lanes.ts';
import type { Row } from './store.ts';

/** Ids of one SELECT … IN, and how many of those run at once. */
const READ_IDS_MAX = 100;
const READS_MAX = 16;
const SCAN_PAGE = 1000;
/** Rows may be large (an event's details), and a worker has several searches at once. */
const FIND_PAGE = 200;

/** A read of rows of one partition that waits for its turn. */
interface WaitingRead {
  readonly ids: Set<string>;
  readonly rows: Promise<readonly Row[]>;
}

/** Everything that reads rows of entities. */
export class RowReader {
  readonly #client: Client;
  readonly #statements: Statements;
  readonly #bucketOf: (id: string) => number;
  readonly #turn = pLimit(READS_MAX);
  /** By partition. What else is asked of it meanwhile goes along. */
  readonly #waiting = new Map<string, WaitingRead>();

  constructor(client: Client, statements: Statements, bucketOf: (id: string) => number) {
    this.#client = client;
    this.#statements = statements;
    this.#bucketOf = bucketOf;
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    const wanted = new Set(ids);
    const reads = new Set<WaitingRead>();
    for (const id of wanted) {
      const read = this.#waitingRead(entity, tool, this.#bucketOf(id));
      read.ids.add(id);
      reads.add(read);
    }
    const rows = new Map<string, Row>();
    for (const found of await Promise.all([...reads].map((read) => read.rows)))
      for (const row of found) if (wanted.has(row.id)) rows.set(row.id, row);
    return rows;
  }

  #waitingRead(entity: EntityName, tool: Tool, bucket: number): WaitingRead {
    const partition = partitionName(entity, tool, bucket);
    const waiting = this.#waiting.get(partition);
    if (waiting !== undefined && waiting.ids.size < READ_IDS_MAX) return waiting;
    const ids = new Set<string>();
    // Its turn never comes before this method has returned.
    const rows = this.#turn(async () => {
      if (this.#waiting.get(partition)?.ids === ids) this.#waiting.delete(partition);
      const params = [tool, bucket, [...ids]];
      const result = await attempt(`read of ${ENTITIES[entity].table}`, () =>
        this.#client.execute(this.#statements.read(entity), params, READ_OPTIONS),
      );
      return readRows(entity, result.rows);
    });
    const read = { ids, rows };
    this.#waiting.set(partition, read);
    return read;
  }

  find(entity: EntityName, tool: Tool | null, column: string, text: string): AsyncIterable<Row> {
    const query = this.#statements.find(entity, column, tool !== null);
    const params = tool === null ? [text] : [text, tool];
    return this.#pages(entity, query, { params, fetchSize: FIND_PAGE });
  }

  scan(entity: EntityName): AsyncIterable<Row> {
    return this.#pages(entity, this.#statements.scan(entity), { params: [], fetchSize: SCAN_PAGE });
  }

  async *#pages(
    entity: EntityName,
    query: string,
    { params, fetchSize }: { readonly params: unknown[]; readonly fetchSize: number },
  ): AsyncIterable<Row> {
    const options = { ...READ_OPTIONS, fetchSize };
    let pageState: string | undefined;
    do {
      const page = pageState === undefined ? options : { ...options, pageState };
      const result = await attempt(`read of ${ENTITIES[entity].table}`, () =>
        this.#client.execute(query, params, page),
      );
      yield* readRows(entity, result.rows);
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }
}
