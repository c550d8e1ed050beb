import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { Config } from '../../main/config.ts';
import { DependencyError, messageOf, UsageError } from '../../shared/errors.ts';
import { isObject, type JsonObject } from './json-value.ts';

/** More of the controller's own words would hide the rest of a message. */
const REASON_CHARACTERS_MAX = 400;

/**
 * The part of a Pinot controller's REST interface that provisioning needs. Every method throws a DependencyError that names the
 * request and the controller's reason.
 */
export class PinotController {
  readonly url: string;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  /** Throws a UsageError when no controller is configured. */
  constructor({ pinot }: Config) {
    if (pinot.controllerUrl === undefined) {
      throw new UsageError(
        'pinot.controllerUrl is not set: it takes the address of Pinot’s controller, such as https://pinot-controller:9000',
      );
    }
    this.url = pinot.controllerUrl.replace(/\/$/, '');
    this.#headers = { accept: 'application/json', ...authorization(pinot) };
    this.#agent = new Agent({
      connect: { rejectUnauthorized: true, ...authorities(pinot.caFile) },
    });
    this.#timeoutMs = pinot.requestTimeoutMs;
  }

  /** Null when there is none. */
  async schema(name: string): Promise<JsonObject | null> {
    return await this.#send('GET', `/schemas/${name}`);
  }

  /** The realtime table's definition, null when there is none. */
  async table(name: string): Promise<JsonObject | null> {
    const tables = await this.#send('GET', `/tables/${name}?type=realtime`);
    const table = tables?.REALTIME;
    return isObject(table) ? table : null;
  }

  async createSchema(schema: JsonObject): Promise<void> {
    await this.#change('POST', '/schemas?override=false', schema);
  }

  /** `reload`: segments that are there get the new columns. Refused for a schema without a table. */
  async updateSchema(name: string, schema: JsonObject, reload: boolean): Promise<void> {
    await this.#change('PUT', `/schemas/${name}?reload=${reload}`, schema);
  }

  async createTable(table: JsonObject): Promise<void> {
    await this.#change('POST', '/tables', table);
  }

  async updateTable(name: string, table: JsonObject): Promise<void> {
    await this.#change('PUT', `/tables/${name}`, table);
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #change(method: 'POST' | 'PUT', path: string, body: JsonObject): Promise<void> {
    const answer = await this.#send(method, path, body);
    if (answer === null) throw new DependencyError(`${method} ${this.url}${path}: not found`);
  }

  /** Null for 404. */
  async #send(method: 'GET' | 'POST' | 'PUT', path: string, body?: JsonObject): Promise<JsonObject | null> {
    const { statusCode, text } = await this.#exchange(method, path, body);
    if (statusCode === 404) return null;
    if (statusCode < 200 || statusCode > 299) {
      throw new DependencyError(`${method} ${this.url}${path}: ${reasonOf(statusCode, text)}`);
    }
    const answer = parsed(text);
    if (answer !== undefined) return answer;
    throw new DependencyError(
      `${method} ${this.url}${path}: the answer is no JSON object; is this a Pinot controller?`,
    );
  }

  async #exchange(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: JsonObject | undefined,
  ): Promise<{ readonly statusCode: number; readonly text: string }> {
    try {
      const response = await request(this.url + path, {
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(this.#timeoutMs),
        method,
        headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { statusCode: response.statusCode, text: await response.body.text() };
    } catch (error) {
      throw new DependencyError(
        `no answer of Pinot’s controller at ${this.url} (pinot.controllerUrl): ${networkReason(error)}`,
      );
    }
  }
}

/** An address with several IP addresses fails with a list of errors that says nothing itself. */
function networkReason(error: unknown): string {
  const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
  return reasons.join('; ');
}

function authorization({ token, username, password }: Config['pinot']): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (username === undefined) return {};
  const pair = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function authorities(caFile: string | undefined): { readonly ca?: Buffer } {
  if (caFile === undefined) return {};
  try {
    return { ca: readFileSync(caFile) };
  } catch (error) {
    throw new UsageError(`pinot.caFile: ${messageOf(error)}`);
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(statusCode: number, text: string): string {
  const told = parsed(text)?.error;
  const reason = (typeof told === 'string' ? told : text).slice(0, REASON_CHARACTERS_MAX).trim();
  const advice =
    statusCode === 401 || statusCode === 403 ? '; see pinot.username, pinot.password and pinot.token' : '';
  return `HTTP ${statusCode}${reason === '' ? '' : `: ${reason}`}${advice}`;
}
