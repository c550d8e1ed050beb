import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { openframeStream } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'openframe-cli-'));

/** What `--help` prints of every command that has none below, by its words. In this process: another one each takes seconds. */
function leavesOf(command: Command, words: readonly string[] = []): [path: string, help: string][] {
  if (command.commands.length > 0)
    return command.commands.flatMap((below) => leavesOf(below, [...words, below.name()]));
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return [[words.join(' '), help]];
}

describe.concurrent('the command line', () => {
  it('shows its commands, and each command a worked example', async () => {
    const { code, stdout } = await openframeStream(['--help']);
    expect(code).toBe(0);
    for (const command of createProgram().commands) expect(stdout).toContain(`  ${command.name()}`);
    const leaves = leavesOf(createProgram());
    expect(leaves.length).toBeGreaterThan(10);
    for (const [path, help] of leaves) {
      expect(help).toContain('Examples:\n  ');
      expect(help).toContain(`openframe-stream ${path}`);
      expect(help).toContain('--config <file>');
    }
  });

  it.each([
    ['an unknown command', ['nonsense'], 'unknown command'],
    ['an unknown option', ['config', 'check', '--nonsense'], 'unknown option'],
    ['a missing argument', ['feed'], 'missing required argument'],
    ['a wrong form', ['config', 'print', '--output', 'xml'], '--output: got xml, takes table | json | jsonl'],
    ['a wrong rate', ['feed', 'x', '--rate', 'fast'], '--rate: got fast'],
    [
      'a key that does not exist',
      ['config', 'check', '--set', 'kafka.broker=x'],
      'did you mean kafka.brokers?',
    ],
    ['a --set without a value', ['config', 'check', '--set', 'kafka.brokers'], 'takes key=value'],
    ['a file that does not exist', ['feed', '/nowhere.jsonl'], 'no such file or folder'],
  ])('ends with 2 for %s and shows no stack', async (_, args, expected) => {
    const { code, stderr, stdout } = await openframeStream(args);
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('takes --config before and after the command', async () => {
    const path = join(folder, 'openframe.yaml');
    writeFileSync(path, 'kafka:\n  groupId: from-file\n');
    for (const args of [
      ['--config', path, 'config', 'print', '--output', 'json'],
      ['config', 'print', '--output', 'json', '--config', path],
    ]) {
      const { code, stdout } = await openframeStream(args);
      expect(code).toBe(0);
      const rows: { key: string; value: unknown; origin: string }[] = JSON.parse(stdout);
      expect(rows.find(({ key }) => key === 'kafka.groupId')).toMatchObject({
        value: 'from-file',
        origin: 'file',
      });
    }
  });

  it('prints the configuration without its secrets', async () => {
    const env = { OPENFRAME_STREAM_MANAGEMENT__TOKEN: 'hunter2' };
    const { stdout } = await openframeStream(['config', 'print'], { env });
    expect(stdout).toMatch(/management\.token +<redacted> +environment/);
    expect(stdout).not.toContain('hunter2');
  });

  it('prints the documentation and a JSON Schema', async () => {
    const [docs, schema] = await Promise.all([
      openframeStream(['config', 'docs']),
      openframeStream(['config', 'schema']),
    ]);
    expect(docs.stdout).toMatch(/^# Configuration\n/);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('refuses schema commands for a store that has none', async () => {
    const { code, stderr } = await openframeStream(['schema', 'plan', '--set', 'store.kind=embedded']);
    expect(stderr).toContain('only cassandra has a schema');
    expect(code).toBe(2);
  });
});

describe.concurrent('transform', () => {
  const record = {
    topic: '__debezium-heartbeat.tactical',
    partition: 0,
    offset: 1,
    timestamp: 0,
    key: '{"serverName":"tactical"}',
    value: '{"ts_ms":1}',
    headers: [],
  };

  it('writes one line per record', async () => {
    const line = JSON.stringify(record);
    const { code, stdout } = await openframeStream(['transform'], { input: `${line}\n\n${line}` });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ offset: 1, outcome: 'skipped', reason: 'heartbeat' });
  });

  it('ends with 1 at a wrong line, names it, and gives what came before', async () => {
    const { code, stdout, stderr } = await openframeStream(['transform'], {
      input: `${JSON.stringify(record)}\n{"topic":\n`,
    });
    expect(code).toBe(1);
    expect(stderr).toBe('openframe-stream: stdin:2: not a line of JSON\n');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });
});
