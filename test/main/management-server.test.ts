import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import {
  type HealthSource,
  type ManagementServer,
  startManagementServer,
} from '../../src/main/management-server.ts';
import { Metrics } from '../../src/main/metrics.ts';

const { config } = loadConfig({}, {});
const started: ManagementServer[] = [];

async function start(
  health: Partial<HealthSource> = {},
  token?: string,
  port = 0,
): Promise<ManagementServer> {
  const up = () => ({ ok: true, detail: 'well' });
  const server = await startManagementServer(
    { ...config.management, port, token },
    {
      health: { startup: up, liveness: up, readiness: up, ...health },
      metrics: new Metrics(),
      info: { version: '0.1.0', librdkafkaFeatures: ['lz4'] },
    },
  );
  started.push(server);
  return server;
}

const get = (server: ManagementServer, path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

describe('management server', () => {
  it('answers probes, and 503 with the reason when one is not well', async () => {
    const server = await start({ readiness: () => ({ ok: false, detail: 'no partitions yet' }) });
    expect((await get(server, '/management/v1/health/liveness')).status).toBe(200);
    expect((await get(server, '/management/v1/health/startup')).status).toBe(200);
    const readiness = await get(server, '/management/v1/health/readiness');
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toEqual({ status: 'DOWN', detail: 'no partitions yet' });
    const all = await get(server, '/management/v1/health');
    expect(all.status).toBe(503);
    expect(await all.json()).toMatchObject({
      status: 'DOWN',
      checks: { liveness: { ok: true }, readiness: { ok: false } },
    });
  });

  it('gives the metrics at both addresses and the information', async () => {
    const server = await start();
    for (const path of ['/management/v1/prometheus', '/metrics']) {
      const answer = await get(server, path);
      expect(answer.headers.get('content-type')).toContain('text/plain');
      expect(await answer.text()).toContain('# TYPE kafka_consumer_lag gauge');
    }
    expect(await (await get(server, '/management/v1/info')).json()).toMatchObject({ version: '0.1.0' });
  });

  it('refuses what changes something without the token', async () => {
    const closed = await start();
    expect((await get(closed, '/management/v1/info', { method: 'POST' })).status).toBe(403);
    const open = await start({}, 'abc');
    expect((await get(open, '/management/v1/info', { method: 'POST' })).status).toBe(401);
    const headers = { authorization: 'Bearer abc' };
    expect((await get(open, '/management/v1/nothing', { method: 'POST', headers })).status).toBe(404);
  });

  it('names the key when the port is taken', async () => {
    const first = await start();
    await expect(start({}, undefined, first.port)).rejects.toMatchObject({
      name: 'DependencyError',
      message: expect.stringMatching(/is in use.*management\.port/),
    });
  });

  it('listens at loopback unless told otherwise', () => {
    expect(config.management.host).toBe('127.0.0.1');
  });
});
