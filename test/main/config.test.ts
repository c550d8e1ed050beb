import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, storeSettings } from '../../src/main/config.ts';
import { configJsonSchema, configurationPage, printedOptions } from '../../src/main/config-print.ts';
import { CONFIG_OPTIONS } from '../../src/main/config-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'openframe-config-'));

function file(text: string, name = 'openframe.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function messageOfLoading(
  args: Parameters<typeof loadConfig>[0],
  environment: Record<string, string> = {},
): string {
  try {
    loadConfig(args, environment);
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError' });
    return String((error as Error).message);
  }
  throw new Error('the configuration was taken');
}

describe('sources of values', () => {
  it('takes a flag before the environment, that before the file, that before the default', () => {
    const config = file('kafka:\n  brokers: [file:1]\n  groupId: file\n  clientId: file\n');
    const environment = {
      OPENFRAME_STREAM_KAFKA__BROKERS: 'env:1,env:2',
      OPENFRAME_STREAM_KAFKA__GROUP_ID: 'env',
    };
    const flags = [{ key: 'kafka.brokers', text: 'flag:1', flag: '--broker' }];
    const loaded = loadConfig({ config, flags }, environment);
    expect(loaded.config.kafka).toMatchObject({ brokers: ['flag:1'], groupId: 'env', clientId: 'file' });
    expect(loaded.origins.get('kafka.brokers')).toEqual({ from: 'flag', place: '--broker' });
    expect(loaded.origins.get('kafka.groupId')?.place).toBe('OPENFRAME_STREAM_KAFKA__GROUP_ID');
    expect(loaded.origins.get('kafka.clientId')?.place).toBe(`${config}:4:13`);
    expect(loaded.origins.get('management.port')?.from).toBe('default');
  });

  it('finds the file by its variable', () => {
    const config = file('log:\n  level: debug\n', 'by-variable.yaml');
    expect(loadConfig({}, { OPENFRAME_STREAM_CONFIG: config }).config.log.level).toBe('debug');
  });

  it('reads lists, maps, booleans, numbers and structures from variables', () => {
    const { config } = loadConfig(
      {},
      {
        OPENFRAME_STREAM_STORE__CASSANDRA__CONTACT_POINTS: 'a, b:9043',
        OPENFRAME_STREAM_STORE__CASSANDRA__WRITE_MODES: 'devices=timestamp,users=lwt',
        OPENFRAME_STREAM_STORE__CASSANDRA__TLS__ENABLED: 'true',
        OPENFRAME_STREAM_WORKERS__COUNT: '3',
        OPENFRAME_STREAM_SOURCES: '[{"name":"x","tool":"authentik","topicPrefix":"x","epoch":2}]',
      },
    );
    expect(config.store.cassandra).toMatchObject({
      contactPoints: ['a', 'b:9043'],
      writeModes: { devices: 'timestamp', users: 'lwt' },
      tls: { enabled: true },
    });
    expect(config.workers.count).toBe(3);
    expect(config.sources).toEqual([{ name: 'x', tool: 'authentik', topicPrefix: 'x', epoch: 2 }]);
  });

  it('reads event types that are added to the known ones', () => {
    const types = '[{tool: fleet-mdm, sourceType: failed_wipe, eventType: WIPE_FAILED, severity: ERROR}]';
    const { config } = loadConfig({}, { OPENFRAME_STREAM_EVENTS__TYPES: types });
    expect(config.events.types).toEqual([
      { tool: 'fleet-mdm', sourceType: 'failed_wipe', eventType: 'WIPE_FAILED', severity: 'ERROR' },
    ]);
    const unknown = types.replace(', severity: ERROR', '');
    expect(messageOfLoading({}, { OPENFRAME_STREAM_EVENTS__TYPES: unknown })).toMatch(
      /events\.types\[0\]\.eventType .*WIPE_FAILED is no unified event type: give the severity/,
    );
  });

  it('takes an empty section, an empty file and an empty variable as not set', () => {
    const config = file('kafka:\nlog:\n  level:\n', 'empty-section.yaml');
    expect(loadConfig({ config }, { OPENFRAME_STREAM_LOG__FORMAT: '' }).config.log).toEqual({
      level: 'info',
      format: 'auto',
    });
    expect(loadConfig({ config: file('', 'empty.yaml') }, {}).config.kafka.groupId).toBe('openframe-stream');
  });

  it('reads a secret from a file of its own', () => {
    const passwordFile = file('s3cret\n', 'password');
    const { config } = loadConfig(
      {},
      {
        OPENFRAME_STREAM_STORE__CASSANDRA__USERNAME: 'u',
        OPENFRAME_STREAM_STORE__CASSANDRA__PASSWORD_FILE: passwordFile,
      },
    );
    expect(config.store.cassandra.password).toBe('s3cret');
  });

  it('is frozen through and through', () => {
    const { config } = loadConfig({}, {});
    expect(Object.isFrozen(config.kafka.brokers)).toBe(true);
    expect(Object.isFrozen(config.sources[0])).toBe(true);
  });
});

describe('what is refused', () => {
  it('names an unknown key with its line and the nearest known one', () => {
    const config = file('kafka:\n  consumer:\n    batchRecord: 1\nbrokers: [a]\n', 'unknown.yaml');
    const message = messageOfLoading({ config });
    expect(message).toContain(
      'unknown.yaml:3:5: unknown key kafka.consumer.batchRecord: did you mean kafka.consumer.batchRecords?',
    );
    expect(message).toContain('unknown.yaml:4:1: unknown key brokers: did you mean kafka.brokers?');
  });

  it('names an unknown variable with our prefix, but not those that Kubernetes makes for services', () => {
    expect(messageOfLoading({}, { OPENFRAME_STREAM_KAFKA__BROKER: 'x' })).toContain(
      'did you mean OPENFRAME_STREAM_KAFKA__BROKERS?',
    );
    const links = {
      OPENFRAME_STREAM_SERVICE_HOST: '10.0.0.1',
      OPENFRAME_STREAM_SERVICE_PORT_MANAGEMENT: '8083',
      OPENFRAME_STREAM_PORT: 'tcp://10.0.0.1:8083',
      OPENFRAME_STREAM_PORT_8083_TCP_ADDR: '10.0.0.1',
      OPENFRAME_STREAM_MANAGEMENT_PORT: 'tcp://10.0.0.1:8083',
    };
    expect(() => loadConfig({}, links)).not.toThrow();
    expect(messageOfLoading({}, { OPENFRAME_STREAM_MANAGEMENT_PORT: '9' })).toContain(
      'OPENFRAME_STREAM_MANAGEMENT__PORT',
    );
  });

  it('says what a wrong value is and what the key takes, for all keys at once', () => {
    const config = file('kafka:\n  consumer:\n    batchRecords: many\nlog: {level: loud}\n', 'wrong.yaml');
    const message = messageOfLoading({ config });
    expect(message).toContain('kafka.consumer.batchRecords');
    expect(message).toContain('wrong.yaml:3:19): got "many", takes a whole number from 1 to 10000');
    expect(message).toContain('got "loud", takes trace | debug | info | warn | error | fatal | silent');
  });

  it('points at the line of a YAML mistake', () => {
    expect(messageOfLoading({ config: file('kafka:\n  a: [1\n', 'broken.yaml') })).toMatch(
      /broken\.yaml:\d+:\d+: /,
    );
    expect(messageOfLoading({ config: join(folder, 'nowhere.yaml') })).toContain('cannot be read');
    expect(
      messageOfLoading({ config: file('log: {level: info}\nlog: {level: warn}\n', 'twice.yaml') }),
    ).toMatch(/twice\.yaml:2/);
  });

  it('never shows a secret and takes none from a flag', () => {
    const wrong = file('kafka: {security: {password: [hunter2]}}\n', 'secret.yaml');
    const message = messageOfLoading({ config: wrong });
    expect(message).toContain('<redacted>');
    expect(message).not.toContain('hunter2');
    const flags = [{ key: 'kafka.security.password', text: 'hunter2', flag: '--set' }];
    expect(messageOfLoading({ flags })).toMatch(
      /is a secret: set OPENFRAME_STREAM_KAFKA__SECURITY__PASSWORD/,
    );
    expect(messageOfLoading({ flags })).not.toContain('hunter2');
  });

  it.each([
    ['kafka: {security: {protocol: sasl_ssl}}', 'kafka.security.username'],
    ['kafka: {security: {username: u, password: p}}', 'not used with kafka.security.protocol plaintext'],
    ['kafka: {security: {caFile: ca.pem}}', 'take ssl or sasl_ssl'],
    ['kafka: {security: {protocol: ssl, certFile: a.pem}}', 'belong together'],
    ['kafka: {consumer: {sessionTimeoutMs: 2000}}', 'heartbeatIntervalMs'],
    ['kafka: {consumer: {maxPollIntervalMs: 30000}}', 'maxPollIntervalMs'],
    ['kafka: {consumer: {receiveMaxBytes: 100000}}', 'receiveMaxBytes'],
    ['kafka: {producer: {lingerMs: 500, messageTimeoutMs: 400}}', 'messageTimeoutMs'],
    ['pipeline: {resumeBelowBytes: 40000000}', 'resumeBelowBytes'],
    ['pipeline: {pauseAboveBytes: 400000000}', 'inflightBytesMax'],
    ['pipeline: {retryBackoffMs: 6000}', 'retryBackoffMaxMs'],
    ['workers: {slotsPerWorker: 1}', 'give 2 or more'],
    ['references: {negativeTtlMs: 400000}', 'references.ttlMs'],
    ['store: {cassandra: {username: u}}', 'belong together'],
    ['store: {cassandra: {tls: {caFile: x}}}', 'store.cassandra.tls.enabled'],
    [
      'sources: [{name: a, tool: authentik, topicPrefix: p}, {name: b, tool: authentik, topicPrefix: p}]',
      'topicPrefix p is there twice',
    ],
  ])('refuses %s', (text, expected) => {
    expect(messageOfLoading({ config: file(`${text}\n`, 'contradiction.yaml') })).toContain(expected);
  });

  it('refuses a secret given twice and a secret file that is not there', () => {
    const environment = {
      OPENFRAME_STREAM_MANAGEMENT__TOKEN: 't',
      OPENFRAME_STREAM_MANAGEMENT__TOKEN_FILE: '/nowhere',
    };
    expect(messageOfLoading({}, environment)).toContain('give one of the two');
    expect(messageOfLoading({}, { OPENFRAME_STREAM_MANAGEMENT__TOKEN_FILE: '/nowhere' })).toContain('ENOENT');
  });
});

describe('what is shown', () => {
  it('prints every key once, with origins and without secrets', () => {
    const loaded = loadConfig({}, { OPENFRAME_STREAM_MANAGEMENT__TOKEN: 'hunter2' });
    const printed = printedOptions(loaded);
    expect(printed.map(({ key }) => key)).toEqual([...CONFIG_OPTIONS.keys()]);
    expect(printed.find(({ key }) => key === 'management.token')).toMatchObject({
      value: '<redacted>',
      origin: 'environment',
    });
    expect(JSON.stringify(printed)).not.toContain('hunter2');
  });

  it('gives every secret a key that reads it from a file', () => {
    const secrets = [...CONFIG_OPTIONS.values()].filter(({ secret }) => secret);
    expect(secrets.length).toBeGreaterThan(3);
    for (const { key } of secrets) expect(CONFIG_OPTIONS.has(`${key}File`)).toBe(true);
  });

  it('has the configuration page that docs/configuration.md holds', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationPage());
  });

  it('has a JSON Schema that admits no unknown key', () => {
    expect(configJsonSchema()).toMatchObject({
      additionalProperties: false,
      properties: { kafka: { additionalProperties: false } },
    });
  });
});

describe('storeSettings', () => {
  it('gives each kind of store its own shape', () => {
    const of = (kind: string) => storeSettings(loadConfig({}, { OPENFRAME_STREAM_STORE__KIND: kind }).config);
    expect(of('none')).toEqual({ kind: 'none', buckets: 256 });
    expect(of('embedded')).toEqual({
      kind: 'embedded',
      path: './data/store',
      buckets: 256,
      deletedKeepSeconds: 2_592_000,
      historyKeepSeconds: 31_536_000,
    });
    expect(of('cassandra')).toMatchObject({
      kind: 'cassandra',
      keyspace: 'openframe',
      tls: undefined,
      buckets: 256,
    });
    const tls = loadConfig({}, { OPENFRAME_STREAM_STORE__CASSANDRA__TLS__ENABLED: 'true' });
    expect(storeSettings(tls.config)).toMatchObject({ tls: {} });
  });
});
