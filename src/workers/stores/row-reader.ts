import type { Client } from 'cassandra-driver';
import { ENTITIES, type EntityName, type Tool } from '../../shared/entity.ts';
import { READ_OPTIONS } from './cassandra-client.ts';
import { attempt } from './cassandra-errors.ts';
import type { Statements } from './cassandra-statements.ts';
import { readRows } from './cassandra-values.ts';
import type { Row } from './store.ts';

/** Ids of one SELECT … IN, and how many of those run at once. */
const READ_IDS_MAX = 100;
const READS_MAX = 16;
const SCAN_PAGE = 1000;
/** Rows may be large (an event's details), and a worker has several searches at once. */
const FIND_PAGE = 200;

/** Everything that reads rows of entities. */
export class RowReader {
  readonly #client: Client;
  readonly #statements: Statements;
  readonly #bucketOf: (id: string) => number;

  constructor(client: Client, statements: Statements, bucketOf: (id: string) => number) {
    this.#client = client;
    this.#statements = statements;
    this.#bucketOf = bucketOf;
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    const chunks = this.#chunks(ids);
    const rows = new Map<string, Row>();
    const query = this.#statements.read(entity);
    const next = async (): Promise<void> => {
      for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) {
        const params = [tool, chunk.bucket, chunk.ids];
        const result = await attempt(`read of ${ENTITIES[entity].table}`, () =>
          this.#client.execute(query, params, READ_OPTIONS),
        );
        for (const row of readRows(entity, result.rows)) rows.set(row.id, row);
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_MAX, chunks.length) }, next));
    return rows;
  }

  #chunks(ids: readonly string[]): { readonly bucket: number; readonly ids: string[] }[] {
    const chunks: { readonly bucket: number; readonly ids: string[] }[] = [];
    const open = new Map<number, string[]>();
    for (const id of new Set(ids)) {
      const bucket = this.#bucketOf(id);
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
