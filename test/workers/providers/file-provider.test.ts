import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { TOOLS } from '../../../src/shared/entity.ts';
import { FileProvider } from '../../../src/workers/providers/file-provider.ts';
import type { ProviderKey } from '../../../src/workers/providers/provider.ts';
import { listeningEvents } from './loopback-service.ts';

const folder = mkdtempSync(join(tmpdir(), 'openframe-provider-'));
afterAll(() => rmSync(folder, { recursive: true }));

const opened: FileProvider[] = [];
afterEach(async () => {
  for (const provider of opened.splice(0)) await provider.close();
});

let files = 0;
function newFile(text: string, extension = 'yaml'): string {
  files += 1;
  const path = join(folder, `references-${files}.${extension}`);
  writeFileSync(path, text);
  return path;
}

async function open(path: string) {
  const { counts, notices, events } = listeningEvents();
  const provider = await FileProvider.open(
    { kind: 'file', name: 'places', entities: ['organisation', 'device'], tools: TOOLS, path, refreshMs: 10 },
    events,
  );
  opened.push(provider);
  return { provider, counts, notices };
}

const byId = (value: string): ProviderKey => ({
  entity: 'organisation',
  tool: 'meshcentral',
  by: 'id',
  value,
});

const ACME = '- {entity: organisation, tool: meshcentral, id: "1", name: Acme}\n';
const BETA = '- {entity: organisation, tool: meshcentral, id: "2", name: Beta}\n';
const DEVICE = '- {entity: device, tool: tactical-rmm, id: "7", device_key: key, site_id: "4"}\n';

describe('a file provider', () => {
  test('finds what the file holds, and knows that there is nothing else', async () => {
    const { provider, counts } = await open(newFile(ACME + BETA));
    expect(await provider.lookUp([byId('2'), byId('3'), { ...byId('1'), tool: 'authentik' }])).toEqual([
      { id: '2', columns: { name: 'Beta' } },
      null,
      null,
    ]);
    expect(counts).toEqual({ found: 1, none: 2 });
    expect(provider.answers('organisation', 'meshcentral')).toBe(true);
    expect(provider.answers('user', 'meshcentral')).toBe(false);
  });

  test('finds a device by its key too, with every column that others take from it', async () => {
    const { provider } = await open(newFile(DEVICE));
    const [device] = await provider.lookUp([
      { entity: 'device', tool: 'tactical-rmm', by: 'device_key', value: 'key' },
    ]);
    expect(device).toMatchObject({ id: '7', columns: { site_id: '4', hostname: null, site_name: null } });
  });

  test('reads JSON', async () => {
    const entry = { entity: 'organisation', tool: 'meshcentral', id: '1', name: 'Acme' };
    const { provider } = await open(newFile(JSON.stringify([entry]), 'json'));
    expect(await provider.lookUp([byId('1')])).toMatchObject([{ columns: { name: 'Acme' } }]);
  });

  test.each([
    ['', 'takes a list of references'],
    ['organisations: []\n', 'takes a list of references'],
    [`${ACME}- [1\n`, 'line 3: '],
    [`${ACME}- Beta\n`, 'entry 2: expected object, received string'],
    [`${ACME}- {entity: place, tool: meshcentral, id: "1"}\n`, 'entry 2: entity: takes organisation | site'],
    [
      `${ACME}- {entity: site, tool: mesh, id: "1"}\n`,
      'entry 2: tool: Invalid option: expected one of "tactical-rmm"',
    ],
    [`${ACME}- {entity: site, tool: meshcentral, id: 1}\n`, 'entry 2: id: expected string, received number'],
    [`${ACME}- {entity: site, tool: meshcentral}\n`, 'entry 2: id: expected string, received undefined'],
    [`${ACME}- {entity: site, tool: meshcentral, id: "1", title: x}\n`, 'entry 2: Unrecognized key: "title"'],
    [ACME + BETA + ACME, 'entry 3: its id is there twice'],
    [
      `${DEVICE}- {entity: device, tool: tactical-rmm, id: "8", device_key: key}\n`,
      'entry 2: its device_key is there twice',
    ],
  ])('refuses %j and says where it is wrong', async (text, expected) => {
    const path = newFile(text);
    const error: unknown = await open(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'DependencyError' });
    expect((error as Error).message).toContain(`references.providers: places: ${path}: ${expected}`);
  });

  test('refuses a file that is not there', async () => {
    await expect(open(join(folder, 'nowhere.yaml'))).rejects.toThrow('places: ');
  });
});

describe('a file that changes', () => {
  test('is read again, as a whole', async () => {
    const path = newFile(ACME);
    const { provider, notices } = await open(path);
    expect(await provider.lookUp([byId('2')])).toEqual([null]);
    writeFileSync(`${path}.new`, BETA);
    renameSync(`${path}.new`, path);
    await vi.waitUntil(() => notices.length > 0);
    expect(await provider.lookUp([byId('1'), byId('2')])).toMatchObject([null, { id: '2' }]);
    expect(notices).toEqual([`${path} was read again`]);
  });

  test('changes nothing while it is wrong or not there, which is told once', async () => {
    const path = newFile(ACME);
    const { provider, counts, notices } = await open(path);
    writeFileSync(path, `${ACME}- {entity: organisation}\n`);
    await vi.waitUntil(() => counts.unreadable === 1);
    expect(notices[0]).toContain(`${path}: entry 2: `);
    expect(notices[0]).toMatch(/; what was read before stays$/);
    expect(await provider.lookUp([byId('1')])).toMatchObject([{ id: '1' }]);

    rmSync(path);
    await vi.waitUntil(() => counts.unreadable === 2);
    expect(await provider.lookUp([byId('1')])).toMatchObject([{ id: '1' }]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(counts.unreadable).toBe(2);

    writeFileSync(path, ACME + BETA);
    await vi.waitUntil(async () => (await provider.lookUp([byId('2')]))[0] !== null);
  });

  test('is not looked at any more once the provider is closed', async () => {
    const path = newFile(ACME);
    const { provider, notices } = await open(path);
    await provider.close();
    writeFileSync(path, ACME + BETA);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(notices).toEqual([]);
  });
});
