import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pinotFindings } from '../../src/cli/doctor/pinot-checks.ts';
import { PinotController } from '../../src/cli/pinot/controller.ts';
import { pinotDefinitions } from '../../src/cli/pinot/definitions.ts';
import { applyPinot, type PinotStep, planPinot } from '../../src/cli/pinot/plan.ts';
import { type Config, loadConfig } from '../../src/main/config.ts';
import { must } from '../../src/shared/assert.ts';
import { FakeController } from './fake-controller.ts';
import { openframeStream } from './run-command.ts';
import { hasOpenssl, selfSigned } from './self-signed.ts';

let fake: FakeController;
beforeEach(async () => {
  fake = await FakeController.start();
});
afterEach(() => fake.stop());

function configured(environment: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({}, { OPENFRAME_STREAM_PINOT__CONTROLLER_URL: fake.url, ...environment }).config;
}

async function plan(config = configured()): Promise<PinotStep[]> {
  const controller = new PinotController(config);
  try {
    return await planPinot(config, controller);
  } finally {
    await controller.close();
  }
}

async function apply(config = configured()): Promise<PinotStep[]> {
  const controller = new PinotController(config);
  try {
    const steps = await planPinot(config, controller);
    await applyPinot(controller, steps);
    return steps;
  } finally {
    await controller.close();
  }
}

const actions = (steps: readonly PinotStep[]): string[] => [...new Set(steps.map(({ action }) => action))];
const stepOf = (steps: readonly PinotStep[], kind: string, name: string): PinotStep =>
  must(
    steps.find((step) => step.kind === kind && step.name === name),
    'step',
  );

/** Changes a definition behind the plan's back. */
function edit(kind: 'schemas' | 'tables', name: string, change: (definition: Edited) => void): void {
  const definition: Edited = JSON.parse(JSON.stringify(fake[kind].get(name)));
  change(definition);
  fake[kind].set(name, JSON.parse(JSON.stringify(definition)));
}
interface Edited {
  [name: string]: unknown;
}
interface EditedField {
  name: string;
  dataType: string;
}
const section = (definition: Edited, name: string): Edited => definition[name] as Edited;
const fieldsOf = (schema: Edited): EditedField[] => schema.dimensionFieldSpecs as EditedField[];

describe('pinot apply', () => {
  test('makes every schema before its table, and has nothing to do afterwards', async () => {
    const names = pinotDefinitions(configured()).map(({ name }) => name);
    expect(actions(await apply())).toEqual(['create']);
    expect([...fake.schemas.keys()]).toEqual(names);
    expect([...fake.tables.keys()]).toEqual(names);
    const before = fake.changes.length;
    const again = await apply();
    expect(actions(again)).toEqual(['keep']);
    expect(again.flatMap(({ what }) => what)).toEqual([]);
    expect(fake.changes.length).toBe(before);
  });

  test('adds a column to what there is, has the segments reloaded, and leaves columns of others', async () => {
    await apply();
    edit('schemas', 'devices', (schema) => {
      schema.dimensionFieldSpecs = [
        ...fieldsOf(schema).filter(({ name }) => name !== 'hostname'),
        { name: 'note', dataType: 'STRING' },
      ];
    });
    const steps = await apply();
    expect(stepOf(steps, 'schema', 'devices')).toMatchObject({
      action: 'change',
      what: ['add column hostname STRING'],
    });
    expect(fake.changes.at(-1)).toBe('PUT /schemas/devices?reload=true');
    edit('schemas', 'devices', (schema) => {
      expect(fieldsOf(schema).map(({ name }) => name)).toEqual(expect.arrayContaining(['hostname', 'note']));
    });
    expect(actions(await plan())).toEqual(['keep']);
  });

  test('adds indexes and keeps what operators have tuned', async () => {
    await apply();
    edit('tables', 'events', (table) => {
      const indexing = section(table, 'tableIndexConfig');
      indexing.invertedIndexColumns = ['source_type', 'organisation_id'];
      indexing.loadMode = 'MMAP';
      const [stream] = (
        section(table, 'ingestionConfig').streamIngestionConfig as { streamConfigMaps: [Edited] }
      ).streamConfigMaps;
      stream['realtime.segment.flush.threshold.time'] = '1h';
    });
    const [step] = (await apply()).filter(({ action }) => action === 'change');
    expect(step?.what).toEqual([
      'tableIndexConfig.invertedIndexColumns: add site_id, event_type, severity, actor_id, device_id, device_ids',
    ]);
    const table = fake.tables.get('events');
    expect(table).toMatchObject({
      tableIndexConfig: {
        loadMode: 'MMAP',
        invertedIndexColumns: expect.arrayContaining(['source_type', 'device_ids']),
      },
    });
    expect(JSON.stringify(table)).toContain('"realtime.segment.flush.threshold.time":"1h"');
    expect(actions(await plan())).toEqual(['keep']);
  });

  test('raises replication and retention and never lowers them', async () => {
    const days = (keepDays: string) => ({
      OPENFRAME_STREAM_EVENTS__KEEP_DAYS: keepDays,
      OPENFRAME_STREAM_PINOT__REPLICATION: '2',
    });
    await apply(configured(days('30')));
    const grown = stepOf(await apply(configured(days('90'))), 'table', 'events');
    expect(grown.what).toEqual(['segmentsConfig.retentionTimeValue: 30 → 90']);
    const smaller = configured({ ...days('7'), OPENFRAME_STREAM_PINOT__REPLICATION: '1' });
    const kept = stepOf(await apply(smaller), 'table', 'events');
    expect(kept).toMatchObject({
      action: 'keep',
      what: [
        'segmentsConfig.replication: stays 2, asked for 1',
        'segmentsConfig: rows stay 90 DAYS, asked for 7 DAYS',
      ],
    });
    edit('tables', 'events', (table) => {
      const segments = section(table, 'segmentsConfig');
      delete segments.retentionTimeUnit;
      delete segments.retentionTimeValue;
    });
    expect(stepOf(await plan(smaller), 'table', 'events').what).toContain(
      'segmentsConfig: rows stay for ever, asked for 7 DAYS',
    );
  });

  test('says what cannot be changed and touches nothing of it', async () => {
    await apply();
    edit('tables', 'users', (table) => {
      delete table.upsertConfig;
    });
    edit('schemas', 'sites', (schema) => {
      schema.primaryKeyColumns = ['id'];
      for (const field of fieldsOf(schema)) if (field.name === 'deleted') field.dataType = 'STRING';
    });
    fake.tables.delete('sites');
    const before = fake.changes.length;
    const problems = (await apply()).filter(({ action }) => action === 'problem');
    expect(problems.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'schema sites',
      'table sites',
      'table users',
    ]);
    expect(problems[0]?.what).toEqual([
      'column deleted: dataType is STRING, has to be BOOLEAN and cannot be changed',
      'primaryKeyColumns: ["id"] → ["tool","id"] cannot be changed: the table has to be made anew',
    ]);
    expect(problems[2]?.what[0]).toContain('upsertConfig.mode: nothing → FULL');
    expect(fake.changes.length).toBe(before);
  });
});

describe('a controller', () => {
  test('that refuses is quoted with the request', async () => {
    fake.refusal = { status: 500, body: '{"code":500,"error":"ZooKeeper is away"}' };
    await expect(plan()).rejects.toThrow(/GET http:\/\/127.*\/schemas\/\w+: HTTP 500: ZooKeeper is away/);
    fake.refusal = { status: 200, body: '<html>' };
    await expect(plan()).rejects.toThrow('is this a Pinot controller?');
  });

  test('that does not answer in time is given up', async () => {
    fake.silent = true;
    await expect(plan(configured({ OPENFRAME_STREAM_PINOT__REQUEST_TIMEOUT_MS: '200' }))).rejects.toThrow(
      /no answer of Pinot’s controller .* timeout/,
    );
  });

  test('gets the token or the user and password, the secret from a file, too', async () => {
    await plan();
    expect(fake.authorization).toBeUndefined();
    const file = join(mkdtempSync(join(tmpdir(), 'openframe-pinot-')), 'token');
    writeFileSync(file, 'a-token\n');
    await plan(configured({ OPENFRAME_STREAM_PINOT__TOKEN_FILE: file }));
    expect(fake.authorization).toBe('Bearer a-token');
    await plan(configured({ OPENFRAME_STREAM_PINOT__USERNAME: 'u', OPENFRAME_STREAM_PINOT__PASSWORD: 'p' }));
    expect(fake.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    fake.refusal = { status: 401, body: '' };
    await expect(plan()).rejects.toThrow('HTTP 401; see pinot.username, pinot.password and pinot.token');
  });

  test.skipIf(!hasOpenssl())('is believed over TLS only when its certificate is', async () => {
    const certificate = selfSigned();
    const overTls = await FakeController.start(certificate);
    try {
      const environment = { OPENFRAME_STREAM_PINOT__CONTROLLER_URL: overTls.url };
      await expect(plan(configured(environment))).rejects.toThrow('self-signed certificate');
      expect(overTls.requests).toEqual([]);
      const trusting = configured({ ...environment, OPENFRAME_STREAM_PINOT__CA_FILE: certificate.file });
      expect(actions(await plan(trusting))).toEqual(['create']);
    } finally {
      await overTls.stop();
    }
  });

  test.each([
    [{ OPENFRAME_STREAM_PINOT__USERNAME: 'u' }, 'belong together'],
    [
      {
        OPENFRAME_STREAM_PINOT__USERNAME: 'u',
        OPENFRAME_STREAM_PINOT__PASSWORD: 'p',
        OPENFRAME_STREAM_PINOT__TOKEN: 't',
      },
      'give one of them',
    ],
    [{ OPENFRAME_STREAM_PINOT__CA_FILE: 'ca.pem' }, 'is not used unless'],
    [{ OPENFRAME_STREAM_PINOT__CONTROLLER_URL: 'http://u:p@h:9000' }, 'without user and path'],
  ])('is not configured half: %o', (environment, text) => {
    expect(() => configured(environment)).toThrow(text);
  });
});

describe('doctor', () => {
  test('says of Pinot what is missing, what is wrong and what to do', async () => {
    const [reached, missing] = await pinotFindings(configured());
    expect(reached).toMatchObject({ check: 'pinot', status: 'ok' });
    expect(missing).toMatchObject({ status: 'fail', advice: 'openframe-stream pinot apply' });
    await apply();
    expect((await pinotFindings(configured())).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    const signedIn = configured({ OPENFRAME_STREAM_PINOT__TOKEN: 't' });
    expect((await pinotFindings(signedIn)).at(-1)).toMatchObject({ check: 'pinot tls', status: 'warn' });
    await fake.stop();
    expect(await pinotFindings(configured())).toMatchObject([{ check: 'pinot', status: 'fail' }]);
    expect(await pinotFindings(loadConfig({}, {}).config)).toMatchObject([{ check: 'pinot', status: 'ok' }]);
  });
});

describe('the command', () => {
  test('shows the difference, applies it and ends with 3 only for what an operator has to mend', async () => {
    const set = ['--set', `pinot.controllerUrl=${fake.url}`];
    const planned = await openframeStream(['pinot', 'plan', ...set]);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    expect(planned.stdout).toMatch(/create +schema +devices +\d+ columns/);
    expect(planned.stdout).toContain('openframe-stream pinot apply');
    const lines = (await openframeStream(['pinot', 'plan', '--output', 'jsonl', ...set])).stdout
      .trim()
      .split('\n');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      action: 'create',
      kind: 'table',
      definition: { tableType: 'REALTIME', upsertConfig: { mode: 'FULL' } },
    });
    expect((await openframeStream(['pinot', 'apply', ...set])).stdout).toContain('made, 0 changed');
    expect((await openframeStream(['pinot', 'apply', ...set])).stdout).toBe(
      'schemas and tables are as they have to be\n',
    );
    edit('tables', 'users', (table) => {
      section(table, 'segmentsConfig').timeColumnName = 'created_at';
    });
    const wrong = await openframeStream(['pinot', 'plan', ...set]);
    expect(wrong.code).toBe(3);
    expect(wrong.stdout).toContain('segmentsConfig.timeColumnName: created_at → source_ts');
  });

  test('says what to set when there is no controller, and shows examples', async () => {
    const { code, stderr } = await openframeStream(['pinot', 'plan']);
    expect(code).toBe(2);
    expect(stderr).toContain('pinot.controllerUrl is not set');
    const help = await openframeStream(['pinot', 'apply', '--help']);
    expect(help.stdout).toContain('Examples:\n  openframe-stream pinot apply');
  });
});
