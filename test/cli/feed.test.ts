import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedBroker } from '../../src/cli/embedded-broker.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { openframeStream } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'openframe-feed-'));
let broker: EmbeddedBroker;

function capture(name: string, records: readonly Partial<CapturedRecord>[]): string {
  const path = join(folder, name);
  const lines = records.map((record, offset) => {
    const base = {
      topic: 'shop.public.a',
      partition: 0,
      offset,
      timestamp: 1_700_000_000_000,
      key: null,
      value: null,
      headers: [],
    };
    return `${JSON.stringify({ ...base, ...record })}\n`;
  });
  writeFileSync(path, lines.join(''));
  return path;
}

beforeAll(async () => {
  broker = await EmbeddedBroker.start();
});
afterAll(() => broker.close());

describe('feed', () => {
  it('keeps keys, values, headers, partitions, timestamps and the order of a partition', async () => {
    const records = [
      {
        partition: 0,
        key: '{"id":1}',
        value: '{"a":"ü\u2028"}',
        headers: [
          ['h', 'x'],
          ['h', 'y'],
        ] as const,
      },
      { partition: 3, key: '{"id":2}', value: null, timestamp: 1_700_000_000_123 },
      { partition: 0, key: null, value: '{}' },
    ];
    const file = capture('kept.jsonl', records);
    const { code, stdout, stderr } = await openframeStream(['feed', file, '--broker', broker.address]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^3 records produced and acknowledged/);
    expect(code).toBe(0);
    expect(await broker.read('shop.public.a')).toMatchObject([
      {
        partition: 0,
        key: '{"id":1}',
        value: '{"a":"ü\u2028"}',
        headers: [
          ['h', 'x'],
          ['h', 'y'],
        ],
        timestamp: 1_700_000_000_000,
      },
      { partition: 0, key: null, value: '{}', headers: [] },
      { partition: 3, key: '{"id":2}', value: null, timestamp: 1_700_000_000_123 },
    ]);
  }, 60_000);

  it('sends a topic elsewhere, and no faster than asked', async () => {
    const file = capture(
      'rate.jsonl',
      Array.from({ length: 40 }, (_, id) => ({ topic: 'shop.public.b', key: `${id}`, value: '{}' })),
    );
    const startedAt = performance.now();
    const args = [
      'feed',
      file,
      '--broker',
      broker.address,
      '--rate',
      '20',
      '--topic-map',
      'shop.public.b=copy.b',
    ];
    expect(await openframeStream(args)).toMatchObject({ code: 0, stderr: '' });
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    expect(await broker.read('copy.b')).toHaveLength(40);
    expect((await broker.existing()).has('shop.public.b')).toBe(false);
  }, 60_000);

  it('says which topic is too small for the records', async () => {
    await broker.topic('shop.public.small');
    const file = capture('small.jsonl', [{ topic: 'shop.public.small', partition: 9, value: '{}' }]);
    const { code, stderr } = await openframeStream(['feed', file, '--broker', broker.address]);
    expect(stderr).toContain('topic shop.public.small has 4 partitions and the records need 10');
    expect(code).toBe(1);
  }, 60_000);

  it('fails when a record is refused by the brokers', async () => {
    const file = capture('large.jsonl', [{ topic: 'shop.public.a', value: 'x'.repeat(5000) }]);
    const args = ['feed', file, '--broker', broker.address, '--set', 'kafka.producer.messageMaxBytes=1000'];
    const { code, stderr } = await openframeStream(args);
    expect(stderr).toMatch(/record shop\.public\.a 0:0 cannot be produced to shop\.public\.a: .*too large/);
    expect(code).toBe(1);
  }, 60_000);

  it('names the address that does not answer, with librdkafka’s reason', async () => {
    const file = capture('nobody.jsonl', [{ value: '{}' }]);
    const { code, stderr } = await openframeStream(['feed', file, '--broker', '127.0.0.1:1']);
    expect(stderr).toMatch(/no broker at 127\.0\.0\.1:1 \(kafka\.brokers\) within 5 s: .*Connection refused/);
    expect(code).toBe(1);
  }, 60_000);
});

describe('topics and doctor', () => {
  it('shows what is missing on a broker that answers', async () => {
    await broker.topic('tactical.public.agents_agent');
    const set = ['--set', `kafka.brokers=${broker.address}`, '--set', 'store.kind=none', '--output', 'json'];
    const plan = await openframeStream(['topics', 'plan', ...set]);
    expect(JSON.parse(plan.stdout)).toContainEqual(
      expect.objectContaining({ topic: 'tactical.public.agents_agent.DLQ', action: 'create', wanted: 4 }),
    );
    const doctor = await openframeStream(['doctor', ...set]);
    expect(doctor.code).toBe(3);
    const findings: { check: string; status: string; advice: string }[] = JSON.parse(doctor.stdout);
    const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
    expect(byCheck.get('kafka')).toMatchObject({ status: 'ok' });
    expect(byCheck.get('source tactical-postgres-cdc')).toMatchObject({ status: 'ok' });
    expect(byCheck.get('source fleetmdm-mysql-cdc')).toMatchObject({ status: 'warn' });
    expect(byCheck.get('topics written')).toMatchObject({
      status: 'fail',
      advice: 'openframe-stream topics apply',
    });
  }, 60_000);
});
