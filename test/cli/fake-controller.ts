import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject, objectsOf } from '../../src/cli/pinot/json-value.ts';

/**
 * A Pinot controller as far as `pinot plan|apply` sees one: it answers as 1.5.1 does, gives definitions back with its own defaults in
 * them, takes no table without a schema and no schema that loses a column.
 */
export class FakeController {
  readonly url: string;
  readonly schemas = new Map<string, JsonObject>();
  readonly tables = new Map<string, JsonObject>();
  /** `POST /tables`, in the order of their coming. */
  readonly requests: string[] = [];
  /** Of the last request. */
  authorization: string | undefined;
  /** Answered to everything while it is set. */
  refusal: { readonly status: number; readonly body: string } | undefined;
  /** Nothing is answered while it is true. */
  silent = false;
  readonly #server: Server;

  private constructor(server: Server, protocol: string) {
    this.#server = server;
    const { port } = server.address() as AddressInfo; // it listens on a TCP port
    this.url = `${protocol}://127.0.0.1:${port}`;
  }

  /** Over TLS with the certificate and key that are given, as PEM. */
  static async start(tls?: { readonly cert: string; readonly key: string }): Promise<FakeController> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakeController(server, tls === undefined ? 'http' : 'https');
    server.on('request', (request, response) => {
      fake.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    return fake;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Requests that change something. */
  get changes(): readonly string[] {
    return this.requests.filter((request) => !request.startsWith('GET '));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    this.requests.push(`${request.method} ${request.url}`);
    this.authorization = request.headers.authorization;
    if (this.silent) return;
    const [status, body] =
      this.refusal === undefined
        ? this.#reply(String(request.method), String(request.url), text)
        : [this.refusal.status, this.refusal.body];
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }

  #reply(method: string, url: string, text: string): [number, string] {
    const [, kind = '', name = ''] = new URL(url, this.url).pathname.split('/');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (method === 'GET') return this.#found(kind, name);
    if (!isObject(body)) return [400, error('no definition')];
    return kind === 'schemas' ? this.#takeSchema(method, body) : this.#takeTable(method, body);
  }

  #found(kind: string, name: string): [number, string] {
    const found = (kind === 'schemas' ? this.schemas : this.tables).get(name);
    if (found === undefined) return [404, error(`${name} does not exist`)];
    return [200, JSON.stringify(kind === 'schemas' ? found : { REALTIME: found })];
  }

  #takeSchema(method: string, schema: JsonObject): [number, string] {
    const name = String(schema.schemaName);
    const before = this.schemas.get(name);
    if (method === 'POST' && before !== undefined) return [409, error(`Schema ${name} already exists`)];
    const columns = columnsOf(schema);
    if (before !== undefined && columnsOf(before).some((column) => !columns.includes(column))) {
      return [400, error(`Backward incompatible schema ${name}. Only allow adding new columns`)];
    }
    this.schemas.set(name, { enableColumnBasedNullHandling: false, ...schema });
    return [200, JSON.stringify({ status: `${name} successfully added` })];
  }

  #takeTable(method: string, table: JsonObject): [number, string] {
    const name = String(table.tableName).replace(/_REALTIME$/, '');
    if (!this.schemas.has(name)) return [400, error(`Failed to find schema for table: ${name}_REALTIME`)];
    if (method === 'POST' && this.tables.has(name)) return [409, error(`Table ${name} already exists`)];
    const { tableIndexConfig, upsertConfig } = table;
    this.tables.set(name, {
      ...table,
      tableName: `${name}_REALTIME`,
      isDimTable: false,
      tenants: { broker: 'DefaultTenant', server: 'DefaultTenant' },
      tableIndexConfig: {
        rangeIndexVersion: 2,
        aggregateMetrics: false,
        ...(isObject(tableIndexConfig) && tableIndexConfig),
      },
      upsertConfig: { hashFunction: 'NONE', metadataTTL: 0, ...(isObject(upsertConfig) && upsertConfig) },
    });
    return [200, JSON.stringify({ status: `Table ${name} successfully added` })];
  }
}

function error(text: string): string {
  return JSON.stringify({ code: 0, error: text });
}

function columnsOf(schema: JsonObject): string[] {
  return ['dimensionFieldSpecs', 'metricFieldSpecs', 'dateTimeFieldSpecs'].flatMap((list) =>
    objectsOf(schema[list]).map(({ name, dataType }) => `${String(name)} ${String(dataType)}`),
  );
}
