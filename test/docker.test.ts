import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/main/config.ts';
import { CONFIG_OPTIONS } from '../src/main/config-table.ts';
import { messageTypes } from '../src/shared/message-type.ts';

/** What can be said about the container files without an engine. scripts/check-image.mjs runs the image's steps. */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

interface Instruction {
  readonly name: string;
  readonly text: string;
}

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly build?: { readonly dockerfile: string };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}

describe('the Dockerfile', () => {
  const instructions = dockerfileInstructions(readFileSync(join(root, 'docker', 'Dockerfile'), 'utf8'));
  const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
  const texts = (name: string) =>
    last.filter((instruction) => instruction.name === name).map(({ text }) => text);

  test('begins every stage with a versioned image', () => {
    const images = instructions
      .filter(({ name }) => name === 'FROM')
      .map(({ text }) => text.split(' ')[0] ?? '');
    expect(images.length).toBe(2);
    expect(images.filter((image) => !isVersioned(image))).toEqual([]);
  });

  test('runs as a user who is not root, given by number', () => {
    expect(texts('USER')).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
  });

  test('copies only what is in the project and in the build context', () => {
    const copied = instructions
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    const context = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(copied.filter((path) => !context.includes(`!${path}`))).toEqual([]);
  });

  test('starts without a shell, so that signals reach the program', () => {
    expect(JSON.parse(texts('ENTRYPOINT')[0] ?? '')).toContain('dist/cli/openframe-stream.js');
    expect(JSON.parse(texts('CMD')[0] ?? '')).toEqual(['run']);
  });

  test('asks the management port for the health', () => {
    const port = CONFIG_OPTIONS.get('management.port')?.defaultValue;
    expect(texts('HEALTHCHECK')[0]).toContain(`:${port}/management/v1/health/`);
    expect(texts('EXPOSE')[0]?.split(' ')).toContain(String(port));
  });
});

describe('compose.yaml', () => {
  const compose: { services: Readonly<Record<string, Service>> } = parse(
    readFileSync(join(root, 'compose.yaml'), 'utf8'),
    {
      merge: true,
    },
  );
  const services = Object.entries(compose.services);

  test('names versioned images', () => {
    expect(services.filter(([, { image }]) => !isVersioned(image)).map(([name]) => name)).toEqual([]);
  });

  test('publishes on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('waits only for services that exist and can become what is waited for', () => {
    for (const [name, service] of services) {
      for (const [awaited, { condition }] of Object.entries(service.depends_on ?? {})) {
        const target = compose.services[awaited];
        expect(target, `${name} waits for ${awaited}`).toBeDefined();
        if (condition === 'service_healthy') {
          expect(target?.healthcheck, `${awaited} can become healthy`).toHaveProperty('test');
        }
      }
    }
  });

  test('sets only options that the service has', () => {
    const known = new Set([...CONFIG_OPTIONS.values()].map((option) => option.environmentName));
    const set = services
      .filter(([, service]) => service.image.startsWith('openframe-stream:'))
      .flatMap(([, service]) => Object.keys(service.environment ?? {}));
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((name) => !known.has(name))).toEqual([]);
  });

  test('gives the service nothing that it does not need', () => {
    const service = compose.services['openframe-stream'];
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });
});

test('the example configuration is right', () => {
  const path = join(root, 'docker', 'openframe-stream.example.yaml');
  expect(loadConfig({ config: path }, {}).config.store.kind).toBe('cassandra');
});

describe('the connector files', () => {
  const folder = join(root, 'docker', 'connectors');
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const connectors = files.map((file) => ({ file, ...readConnector(join(folder, file)) }));

  test('are one for each source that the service expects, under its name and topic prefix', () => {
    const expected = loadConfig({}, {}).config.sources;
    const found = connectors.map(({ name, config }) => ({ name, topicPrefix: config['topic.prefix'] }));
    const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
    expect(found.sort(byName)).toEqual(
      expected.map(({ name, topicPrefix }) => ({ name, topicPrefix })).sort(byName),
    );
    expect(connectors.map(({ file, name }) => file === `${name}.json`)).not.toContain(false);
  });

  test('capture every table that something is mapped from, in its present and earlier names, and no other', () => {
    for (const { name, tool } of loadConfig({}, {}).config.sources) {
      const mapped = messageTypes
        .filter((type) => type.tool === tool)
        .flatMap(({ table, aliases }) => [table, ...aliases]);
      const config = connectors.find((connector) => connector.name === name)?.config;
      const list = config?.['table.include.list'] ?? config?.['collection.include.list'] ?? '';
      const captured = list.split(',').map((path) => path.split('.').at(-1) ?? '');
      expect([name, captured.sort()]).toEqual([name, [...new Set(mapped)].sort()]);
    }
  });

  test('let truncates through, which Debezium leaves out by default', () => {
    const skipped = connectors.map(({ config }) => config['skipped.operations']);
    expect(new Set(skipped)).toEqual(new Set(['none']));
  });

  test('take every secret from the worker’s environment', () => {
    const secrets = connectors.flatMap(({ config }) =>
      Object.entries(config).filter(([key]) => /password|user$|connection\.string/.test(key)),
    );
    expect(secrets.length).toBe(9);
    expect(secrets.filter(([, value]) => !/^\$\{env:[A-Z_]+\}$/.test(value))).toEqual([]);
  });

  test('make topics that are never compacted, because a delete’s tombstone would remove the history', () => {
    const policies = connectors.map(({ config }) => config['topic.creation.default.cleanup.policy']);
    expect(new Set(policies)).toEqual(new Set(['delete']));
  });
});

function readConnector(file: string): { name: string; config: Record<string, string> } {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Continued lines joined, comments and blank lines left out. */
function dockerfileInstructions(text: string): Instruction[] {
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name, text: rest };
    });
}

function isVersioned(image: string): boolean {
  const tag = /:([^/]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== 'latest';
}
