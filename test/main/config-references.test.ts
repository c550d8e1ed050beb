import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { pipelineSettings } from '../../src/main/pipeline-settings.ts';

const PROVIDERS = 'OPENFRAME_STREAM_REFERENCES__PROVIDERS';

function load(providers: unknown) {
  return loadConfig({}, { [PROVIDERS]: JSON.stringify(providers) }).config;
}

function refusal(providers: unknown): string {
  try {
    load(providers);
  } catch (error) {
    return String(error);
  }
  return 'taken';
}

describe('references.providers', () => {
  test('reaches the workers with its defaults', () => {
    const config = load([
      { kind: 'http', name: 'directory', url: 'https://directory.example/references', tools: ['fleet-mdm'] },
      { kind: 'file', name: 'places', path: 'places.yaml', entities: ['site'] },
    ]);
    expect(pipelineSettings(config, 1).worker.references.providers).toEqual([
      {
        kind: 'http',
        name: 'directory',
        url: 'https://directory.example/references',
        entities: ['organisation', 'site', 'role', 'user', 'device'],
        tools: ['fleet-mdm'],
        timeoutMs: 1000,
        connections: 4,
        keysPerRequestMax: 100,
        responseBytesMax: 1_048_576,
        failuresToOpen: 3,
        probeIntervalMs: 5000,
      },
      {
        kind: 'file',
        name: 'places',
        path: 'places.yaml',
        entities: ['site'],
        tools: ['tactical-rmm', 'fleet-mdm', 'meshcentral', 'authentik'],
        refreshMs: 10_000,
      },
    ]);
    expect(loadConfig({}, {}).config.references.providers).toEqual([]);
  });

  const http = { kind: 'http', name: 'directory', url: 'https://directory.example/' };
  const file = { kind: 'file', name: 'places', path: 'places.yaml' };
  test.each<[unknown, string]>([
    [[{ kind: 'ldap', name: 'x' }], '[0].kind'],
    [[{ kind: 'ldap', name: 'x' }], 'got "ldap", takes http | file'],
    [[file, { ...file, kind: 'http' }], '[1].url'],
    [[{ ...file, name: 'Two words' }], '[0].name'],
    [[{ ...file, entities: ['event'] }], '[0].entities[0]'],
    [[{ ...file, tools: [] }], '[0].tools'],
    [[{ ...file, timeoutMs: 5 }], 'Unrecognized key: "timeoutMs"'],
    [[file, file], 'two providers have the same name'],
    [[{ ...http, timeoutMs: 1 }], '[0].timeoutMs'],
    [[{ ...http, token: 'hunter2' }], 'Unrecognized key: "token"'],
    [[{ ...http, url: 'ldap://directory.example/' }], 'takes an http:// or https:// address'],
    [[{ ...http, url: 'directory.example' }], 'takes an http:// or https:// address'],
    [[{ ...http, url: 'http://directory.example/', caFile: 'ca.pem' }], 'not used with an http:// url'],
    [[{ ...http, certFile: 'cert.pem' }], 'give both or none'],
    [[{ ...http, url: 'https://user:hunter2@directory.example/' }], 'a token goes into tokenFile'],
    [[{ ...http, url: 'https://directory.example/?key=hunter2' }], 'a token goes into tokenFile'],
  ])('refuses %j', (providers, expected) => {
    const error = refusal(providers);
    expect(error).toContain(expected);
    expect(error).not.toContain('hunter2');
  });
});
