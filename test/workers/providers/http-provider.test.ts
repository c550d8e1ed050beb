import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { newProvider, newService, organisation } from './http-trial.ts';
import { type Respond, respondJson, respondNames } from './loopback-service.ts';

describe('an HTTP provider', () => {
  test('asks for all keys of a look-up in one request and tells what was found and what there is none of', async () => {
    const service = await newService();
    const { provider, counts } = await newProvider(service.url);
    expect(await provider.lookUp([organisation('3'), organisation('no'), organisation('4')])).toEqual([
      { id: '3', columns: { name: 'name of 3' } },
      null,
      { id: '4', columns: { name: 'name of 4' } },
    ]);
    expect(service.requests).toHaveLength(1);
    expect(service.requests[0]?.path).toBe('/references');
    expect(service.requests[0]?.keys[1]).toEqual({
      entity: 'organisation',
      tool: 'tactical-rmm',
      by: 'id',
      value: 'no',
    });
    expect(counts).toEqual({ found: 2, none: 1 });
  });

  test('gives every column of the entity, null where the service does not tell, and no other', async () => {
    const service = await newService((_request, response) =>
      respondJson(response, {
        references: [{ id: '7', device_key: 'key', hostname: 'pc', site_id: null, password: 'x' }],
      }),
    );
    const { provider } = await newProvider(service.url);
    const key = { entity: 'device', tool: 'tactical-rmm', by: 'device_key', value: 'key' } as const;
    const [device] = await provider.lookUp([key]);
    expect(device).toEqual({
      id: '7',
      columns: {
        hostname: 'pc',
        device_key: 'key',
        kind: null,
        platform: null,
        os_name: null,
        mesh_node_id: null,
        serial_number: null,
        organisation_id: null,
        organisation_name: null,
        site_id: null,
        site_name: null,
      },
    });
  });

  test('says which references it can be asked for', async () => {
    const { provider } = await newProvider('http://127.0.0.1:9/', { tools: ['fleet-mdm'] });
    expect(provider.answers('device', 'fleet-mdm')).toBe(true);
    expect(provider.answers('device', 'authentik')).toBe(false);
    expect(provider.answers('user', 'fleet-mdm')).toBe(false);
  });

  test('divides many keys among requests and keeps their order', async () => {
    const service = await newService();
    const { provider } = await newProvider(service.url, { keysPerRequestMax: 3, connections: 2 });
    const keys = Array.from({ length: 100 }, (_, index) => organisation(String(index)));
    const answers = await provider.lookUp(keys);
    expect(answers.map((answer) => answer?.id)).toEqual(keys.map(({ value }) => value));
    expect(service.requests).toHaveLength(34);
    expect(service.sockets.size).toBe(2);
    expect(await provider.lookUp([])).toEqual([]);
    expect(service.requests).toHaveLength(34);
  });
});

describe('what is no answer', () => {
  const key = organisation('3');
  const found = { id: '3', name: 'Acme' };

  test.each<[string, Respond]>([
    ['a status other than 200', (_, response) => response.writeHead(500).end('{"references":[null]}')],
    ['a redirection', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['text that is not JSON', (_, response) => response.end('<html>')],
    ['JSON without references', (_, response) => respondJson(response, { reference: [found] })],
    ['another number of references', (_, response) => respondJson(response, { references: [found, found] })],
    ['a reference that is a text', (_, response) => respondJson(response, { references: ['Acme'] })],
    ['an id that is a number', (_, response) => respondJson(response, { references: [{ ...found, id: 3 }] })],
    [
      'a name that is a list',
      (_, response) => respondJson(response, { references: [{ ...found, name: [] }] }),
    ],
    ['another reference', (_, response) => respondJson(response, { references: [{ ...found, id: '4' }] })],
    [
      'more bytes than allowed',
      (_, response) => respondJson(response, { references: [{ ...found, name: 'x'.repeat(20_000) }] }),
    ],
    [
      'half an answer',
      (_, response) =>
        response.writeHead(200, { 'content-length': 100 }).write('{"ref', () => response.destroy()),
    ],
    ['a closed connection', (_, response) => response.destroy()],
  ])('%s leaves the key to be asked again', async (_, respond) => {
    const service = await newService(respond);
    const { provider, counts } = await newProvider(service.url);
    expect(await provider.lookUp([key])).toEqual([undefined]);
    expect(counts).toEqual({ unavailable: 1 });
    service.respond = respondNames;
    expect(await provider.lookUp([key])).toMatchObject([{ id: '3' }]);
  });

  test('a service that is not there', async () => {
    // No service listens at the port "discard".
    const { provider, counts } = await newProvider('http://127.0.0.1:9/');
    expect(await provider.lookUp([key, organisation('4')])).toEqual([undefined, undefined]);
    expect(counts).toEqual({ unavailable: 2 });
  });

  test('an answer that comes too late, however many requests the look-up has', async () => {
    const service = await newService(() => undefined);
    const { provider } = await newProvider(service.url, {
      timeoutMs: 100,
      connections: 1,
      keysPerRequestMax: 1,
    });
    const started = performance.now();
    const keys = Array.from({ length: 20 }, (_, index) => organisation(String(index)));
    expect(await provider.lookUp(keys)).toEqual(keys.map(() => undefined));
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test('an answer whose end does not come', async () => {
    const service = await newService((_, response) => response.writeHead(200).write('{"references":'));
    const { provider } = await newProvider(service.url, { timeoutMs: 100 });
    expect(await provider.lookUp([key])).toEqual([undefined]);
  });
});

describe('the circuit of an HTTP provider', () => {
  test('opens after so many failures in a row, asks nothing then, and closes once a request without keys is answered', async () => {
    const service = await newService((_, response) => response.writeHead(503).end());
    const { provider, counts, notices } = await newProvider(service.url);
    for (let time = 0; time < 10; time += 1) {
      expect(await provider.lookUp([organisation('3')])).toEqual([undefined]);
    }
    const withKeys = () => service.requests.filter(({ keys }) => keys.length > 0);
    expect(withKeys()).toHaveLength(3);
    expect(notices).toEqual(['is not asked for now: HTTP 503']);
    await vi.waitUntil(() => service.requests.length >= 5);
    expect(withKeys()).toHaveLength(3);

    service.respond = respondNames;
    await vi.waitUntil(() => notices.length === 2);
    expect(notices[1]).toBe('answers again');
    expect(await provider.lookUp([organisation('3')])).toMatchObject([{ id: '3' }]);
    expect(counts).toEqual({ unavailable: 10, found: 1 });
  });

  test('tells nothing of what the service answered', async () => {
    const service = await newService((_, response) =>
      response.end('{"references":[{"id":"hunter2","name":5}]}'),
    );
    const { provider, notices } = await newProvider(service.url, { failuresToOpen: 1 });
    await provider.lookUp([organisation('hunter2')]);
    expect(notices).toEqual([
      'is not asked for now: the answer is wrong: references[0].name: expected string, received number',
    ]);
  });
});

describe('a closed HTTP provider', () => {
  test('has ended its sockets, its requests and its probes, and can still be asked', async () => {
    const service = await newService();
    const { provider, notices } = await newProvider(service.url, { failuresToOpen: 1 });
    await provider.lookUp([organisation('1')]);
    expect(service.sockets.size).toBe(1);
    service.respond = () => undefined;
    const waiting = provider.lookUp([organisation('2')]);
    await vi.waitUntil(() => service.requests.length === 2);
    await provider.close();
    expect(await waiting).toEqual([undefined]);
    expect(await provider.lookUp([organisation('3')])).toEqual([undefined]);
    await vi.waitUntil(() => service.sockets.size === 0);
    await sleep(100);
    expect(service.requests).toHaveLength(2);
    expect(notices).toEqual([]);
  });
});
