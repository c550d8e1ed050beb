import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/shared/assert.ts';

/** What docs/add-a-source.md says, done to a copy of the code. */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = readFileSync(join(root, 'docs', 'add-a-source.md'), 'utf8');
const copy = mkdtempSync(join(tmpdir(), 'openframe-source-'));
afterAll(() => rmSync(copy, { recursive: true }));

interface Block {
  /** The language and what stands behind it. */
  readonly mark: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(
  ([, mark = '', text = '']) => ({ mark, text }),
);

function block(mark: string): string {
  return must(
    blocks.find((one) => one.mark === mark),
    `block of ${mark}`,
  ).text;
}

const PLACE = /^\/\/ (\S+), (?:a new file|(behind|in place of) the line: (.+))\n/;

/** Does what a block's first line says. Throws when the place is not there, or not the only one. */
function apply({ text }: Block): void {
  const [head = '', file = '', how, line = ''] = PLACE.exec(text) ?? [];
  const path = join(copy, file);
  const code = text.slice(head.length);
  if (head === '' || existsSync(path) === (how === undefined))
    throw new Error(`where does it go? ${text.slice(0, 80)}`);
  writeFileSync(path, how === undefined ? code : inserted(path, how, line, code.trimEnd()));
}

function inserted(path: string, how: string, line: string, code: string): string {
  const lines = readFileSync(path, 'utf8').split('\n');
  const found = lines.flatMap((one, at) => (one.trimStart().startsWith(line) ? [at] : []));
  const [at] = found;
  if (at === undefined || found.length > 1) throw new Error(`${found.length} lines begin: ${line}`);
  if (how === 'behind') lines.splice(at + 1, 0, code);
  else lines.splice(at, 1, code);
  return lines.join('\n');
}

/** Runs the command line of the copy. */
function openframeStream(args: readonly string[], input = ''): string {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OPENFRAME_STREAM_'));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'src/cli/openframe-stream.ts', ...args],
    { cwd: copy, input, encoding: 'utf8', env: { ...Object.fromEntries(inherited), NODE_NO_WARNINGS: '1' } },
  );
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

describe('the example of docs/add-a-source.md', () => {
  beforeAll(() => {
    for (const path of ['src', 'package.json', 'tsconfig.json'])
      cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
    for (const one of blocks) if (one.mark === 'ts') apply(one);
    writeFileSync(join(copy, 'openframe.yaml'), block('yaml configuration'));
  });

  test('makes of the record what the page says', () => {
    const made = openframeStream(['transform', '--config', 'openframe.yaml'], block('jsonl record'));
    expect(JSON.parse(made)).toEqual(JSON.parse(block('json output')));
  });

  test('is on the page of sources, with the guards that were added', () => {
    const sources = openframeStream(['config', 'docs', '--page', 'sources']);
    expect(sources).toContain('### stockroom\n');
    expect(sources).toMatch(/^\| `assets` \| `device` \| `asset_id` \| `device_key` ← `asset_tag`, /m);
    expect(sources).toContain('| `stockroom.assets` | `missing_column` | reject | `host_name` |');
  });
});
