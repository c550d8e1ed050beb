import { timingSafeEqual } from 'node:crypto';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { DependencyError } from '../shared/errors.ts';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';

export interface HealthState {
  readonly ok: boolean;
  /** Why, in words for an operator; also when all is well. */
  readonly detail: string;
}

/**
 * What the probes ask. Liveness is about this process alone (its loops turn): a destination that is away must never get the pod
 * killed. Readiness says whether it does its work. Startup ends when both can be asked.
 */
export interface HealthSource {
  startup(): HealthState;
  liveness(): HealthState;
  readiness(): HealthState;
}

/** What `info` tells; versions and features, nothing of the configuration. */
export type ServiceInfo = Readonly<Record<string, string | number | readonly string[]>>;

export interface ManagementServer {
  readonly host: string;
  /** The port that it really listens at. */
  readonly port: number;
  close(): Promise<void>;
}

export interface ManagementParts {
  readonly health: HealthSource;
  readonly metrics: Metrics;
  readonly info: ServiceInfo;
}

const PROBES = ['startup', 'liveness', 'readiness'] as const;

function sameToken(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function createApplication({ health, metrics, info }: ManagementParts, token: string | undefined): Hono {
  const app = new Hono();
  // In front of everything, so that no later route that changes something can forget it.
  app.use(async (context, next) => {
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      const given = context.req.header('authorization')?.replace(/^Bearer /i, '');
      if (token === undefined)
        return context.json({ error: 'set management.tokenFile to allow changes' }, 403);
      if (given === undefined || !sameToken(given, token))
        return context.json({ error: 'bearer token needed' }, 401);
    }
    return next();
  });

  const prometheus = async (): Promise<Response> =>
    new Response(await metrics.registry.metrics(), {
      headers: { 'content-type': metrics.registry.contentType },
    });
  app.get('/management/v1/prometheus', prometheus);
  app.get('/metrics', prometheus);

  for (const probe of PROBES) {
    app.get(`/management/v1/health/${probe}`, (context) => {
      const state = health[probe]();
      return context.json({ status: state.ok ? 'UP' : 'DOWN', detail: state.detail }, state.ok ? 200 : 503);
    });
  }
  app.get('/management/v1/health', (context) => {
    const states = PROBES.map((probe) => [probe, health[probe]()] as const);
    const ok = states.every(([, state]) => state.ok);
    return context.json({ status: ok ? 'UP' : 'DOWN', checks: Object.fromEntries(states) }, ok ? 200 : 503);
  });
  app.get('/management/v1/info', (context) => context.json(info));
  return app;
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use: stop the other process or set management.port',
  EACCES: 'is not allowed to this user: set management.port to 1024 or more',
  EADDRNOTAVAIL: 'is no address of this machine: set management.host',
  ENOTFOUND: 'is not known: set management.host',
};

/** Starts the server. Resolves when it listens; a port that cannot be had is a DependencyError that names the key. */
export async function startManagementServer(
  { host, port, token }: Config['management'],
  parts: ManagementParts,
): Promise<ManagementServer> {
  const server = createAdaptorServer({ fetch: createApplication(parts, token).fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = LISTEN_ERRORS[error.code ?? ''] ?? `cannot be listened at: ${error.message}`;
      reject(new DependencyError(`management address ${host}:${port} ${reason}`));
    });
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        // A scraper's kept-alive connection would hold the process for its whole time-out.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
