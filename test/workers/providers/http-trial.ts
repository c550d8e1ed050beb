import { afterEach } from 'vitest';
import { TOOLS } from '../../../src/shared/entity.ts';
import type { HttpProviderSettings } from '../../../src/shared/settings.ts';
import { HttpProvider } from '../../../src/workers/providers/http-provider.ts';
import type { ProviderKey } from '../../../src/workers/providers/provider.ts';
import { LoopbackService, listeningEvents, type Respond, respondNames } from './loopback-service.ts';

/** Services and providers that end with the test that started them. */
const started: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of started.splice(0).reverse()) await stop();
});

export async function newService(respond: Respond = respondNames, tls?: { key: string; cert: string }) {
  const service = await LoopbackService.start(respond, tls);
  started.push(() => service.stop());
  return service;
}

export async function newProvider(url: string, settings: Partial<HttpProviderSettings> = {}) {
  const { counts, notices, events } = listeningEvents();
  const provider = await HttpProvider.open(
    {
      kind: 'http',
      name: 'directory',
      entities: ['organisation', 'device'],
      tools: TOOLS,
      url,
      timeoutMs: 2000,
      connections: 4,
      keysPerRequestMax: 100,
      responseBytesMax: 10_000,
      failuresToOpen: 3,
      probeIntervalMs: 30,
      ...settings,
    },
    events,
  );
  started.push(() => provider.close());
  return { provider, counts, notices };
}

export function organisation(value: string): ProviderKey {
  return { entity: 'organisation', tool: 'tactical-rmm', by: 'id', value };
}
