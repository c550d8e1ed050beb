import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ProviderKey, ProviderResult } from '../../../src/workers/providers/provider.ts';

export interface AskedRequest {
  readonly keys: readonly ProviderKey[];
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
}

export type Respond = (request: AskedRequest, response: ServerResponse) => void;

/** A service on loopback that answers as a test says. */
export class LoopbackService {
  readonly #server: Server;
  readonly #scheme: string;
  readonly sockets = new Set<Socket>();
  readonly requests: AskedRequest[] = [];
  respond: Respond;

  private constructor(respond: Respond, tls?: { readonly key: string; readonly cert: string }) {
    this.respond = respond;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      request.on('end', () => {
        const { keys } = JSON.parse(text) as { readonly keys: readonly ProviderKey[] };
        const asked = { keys, headers: request.headers, path: request.url ?? '' };
        this.requests.push(asked);
        this.respond(asked, response);
      });
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(
    respond: Respond,
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<LoopbackService> {
    const service = new LoopbackService(respond, tls);
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/references`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

export function respondJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

/** Answers with a name for every key but those whose value begins with `no`. */
export const respondNames: Respond = ({ keys }, response) =>
  respondJson(response, {
    references: keys.map(({ value }) =>
      value.startsWith('no') ? null : { id: value, name: `name of ${value}` },
    ),
  });

/** Sums what a provider counts and keeps what it says. */
export function listeningEvents() {
  const counts: Partial<Record<ProviderResult, number>> = {};
  const notices: string[] = [];
  return {
    counts,
    notices,
    events: {
      counted: (_provider: string, result: ProviderResult, count: number) => {
        counts[result] = (counts[result] ?? 0) + count;
      },
      noticed: (_provider: string, message: string) => {
        notices.push(message);
      },
    },
  };
}
