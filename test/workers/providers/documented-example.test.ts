import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/main/config.ts';
import { FACES, PROVIDED_ENTITIES } from '../../../src/shared/reference-table.ts';
import type { ProviderSettings } from '../../../src/shared/settings.ts';
import { askProviders, openProviders } from '../../../src/workers/providers/open-providers.ts';
import type { ProviderKey } from '../../../src/workers/providers/provider.ts';
import { LoopbackService, listeningEvents, respondJson } from './loopback-service.ts';

/** What docs/providers.md says, done. */

const page = readFileSync('docs/providers.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'openframe-provider-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A block of code by what stands in it or behind its language. */
function block(mark: string): string {
  const blocks = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)];
  const found = blocks.find(
    ([, language = '', text = '']) => language.endsWith(mark) || text.startsWith(mark),
  );
  return found?.[2] ?? '';
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The settings of the page with the places of this machine. */
function settingsOfPage(url: string): readonly ProviderSettings[] {
  const { config } = loadConfig({ config: written('openframe.yaml', block('# openframe.yaml')) }, {});
  const tokenFile = written('directory-token', 'secret\n');
  const path = written('places.yaml', block('places.yaml'));
  return config.references.providers.map((provider) =>
    provider.kind === 'http' ? { ...provider, url, tokenFile } : { ...provider, path },
  );
}

test('the example of docs/providers.md does what the page says', async () => {
  const { keys } = JSON.parse(block('request')) as { readonly keys: readonly ProviderKey[] };
  const service = await LoopbackService.start((_, response) =>
    respondJson(response, JSON.parse(block('response'))),
  );
  const { counts, events } = listeningEvents();
  const providers = await openProviders(settingsOfPage(service.url), events);
  const ofMesh = keys.map((key) => ({ ...key, tool: 'meshcentral' as const }));
  try {
    expect(
      await askProviders(providers, [
        ...keys,
        ...ofMesh,
        { ...ofMesh[0], entity: 'site', value: '5' } as ProviderKey,
      ]),
    ).toEqual([
      { id: '3', columns: { name: 'Northwind' } },
      null,
      null,
      null,
      { id: '5', columns: { name: 'Harbour', organisation_id: '1' } },
    ]);
    expect(service.requests.map((request) => request.keys)).toEqual([keys]);
    expect(service.requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(counts).toEqual({ found: 2, none: 3 });
  } finally {
    for (const provider of providers) await provider.close();
    await service.stop();
  }
});

test('docs/providers.md names every column of every entity', () => {
  for (const entity of PROVIDED_ENTITIES) {
    const columns = FACES[entity];
    const list = columns.map((column) => `\`${column}\``).join(', ');
    expect(page).toContain(`| \`${entity}\` | ${list} |`);
  }
});
