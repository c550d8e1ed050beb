import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TOOLS } from '../../../src/shared/entity.ts';
import type { FileProviderSettings } from '../../../src/shared/settings.ts';
import { askProviders, openProviders } from '../../../src/workers/providers/open-providers.ts';
import type {
  ProviderAnswer,
  ProviderKey,
  ReferenceProvider,
} from '../../../src/workers/providers/provider.ts';
import { listeningEvents } from './loopback-service.ts';

const folder = mkdtempSync(join(tmpdir(), 'openframe-provider-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = (value: string): ProviderKey => ({ entity: 'user', tool: 'authentik', by: 'id', value });
const user = (id: string, name: string) => ({ id, columns: { display_name: name } });

/** A provider that knows some users and has no answer for those that begin with `away`. */
function knowing(name: string, users: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const provider: ReferenceProvider = {
    name,
    answers: (entity) => entity === 'user',
    lookUp: (keys) => {
      asked.push(...keys.map(({ value }) => value));
      return Promise.resolve(
        keys.map(({ value }): ProviderAnswer => {
          const found = users[value];
          if (found !== undefined) return user(value, found);
          return value.startsWith('away') ? undefined : null;
        }),
      );
    },
    close: () => Promise.resolve(),
  };
  return { provider, asked };
}

describe('askProviders', () => {
  test('asks a provider only for what those before it did not find', async () => {
    const first = knowing('first', { '1': 'Ann' });
    const second = knowing('second', { '1': 'Bob', '2': 'Cid' });
    const answers = await askProviders([first.provider, second.provider], [key('1'), key('2'), key('3')]);
    expect(answers).toEqual([user('1', 'Ann'), user('2', 'Cid'), null]);
    expect(second.asked).toEqual(['2', '3']);
  });

  test('leaves a key open when one provider could not be asked and no other knows it', async () => {
    const first = knowing('first', {});
    const second = knowing('second', { 'away-2': 'Ann' });
    const third: ReferenceProvider = {
      ...knowing('third', {}).provider,
      lookUp: async (keys) => keys.map(() => null),
    };
    const answers = await askProviders(
      [first.provider, second.provider, third],
      [key('away-1'), key('away-2')],
    );
    expect(answers).toEqual([undefined, user('away-2', 'Ann')]);
  });

  test('asks nobody for what nobody can be asked for', async () => {
    const { provider, asked } = knowing('first', {});
    expect(await askProviders([provider], [{ ...key('1'), entity: 'site' }])).toEqual([null]);
    expect(await askProviders([], [key('1')])).toEqual([null]);
    expect(asked).toEqual([]);
  });
});

describe('openProviders', () => {
  const settings: FileProviderSettings = {
    kind: 'file',
    name: 'places',
    entities: ['user'],
    tools: TOOLS,
    path: join(folder, 'users.yaml'),
    refreshMs: 10_000,
  };
  writeFileSync(settings.path, '- {entity: user, tool: authentik, id: "1", display_name: Ann}\n');

  test('opens providers in their order', async () => {
    const { events } = listeningEvents();
    const providers = await openProviders([settings, { ...settings, name: 'others' }], events);
    expect(providers.map(({ name }) => name)).toEqual(['places', 'others']);
    expect(await askProviders(providers, [key('1')])).toEqual([user('1', 'Ann')]);
    for (const provider of providers) await provider.close();
  });

  test('refuses to open when one of them cannot be opened', async () => {
    const { events } = listeningEvents();
    const wrong = { ...settings, name: 'wrong', path: join(folder, 'nowhere.yaml') };
    await expect(openProviders([settings, wrong], events)).rejects.toThrow('references.providers: wrong: ');
  });
});
