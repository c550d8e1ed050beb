import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * The whole addon with its JavaScript side, under the address and undefined-behaviour sanitizers inside of Node: a copy of this
 * project with an addon that is compiled so, whose own tests of the hand-over are run. test/native has what needs no Node.
 */
const root = join(import.meta.dirname, '..', '..');
const SANITIZE = '-fsanitize=address,undefined';

/** Has to be loaded before Node is; empty where g++ has none. */
const library = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? '';
const hasLibrary = library.startsWith('/');
const project = hasLibrary ? mkdtempSync(join(tmpdir(), 'openframe-sanitized-')) : '';

function run(command: string, args: readonly string[], more: Readonly<Record<string, string>>): string {
  // What this test runner tells its own processes is not for the one inside.
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS$)/.test(name));
  const env = { ...Object.fromEntries(kept), ...more };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: project, env, encoding: 'utf8' });
  return status === 0 ? '' : `${error?.message ?? ''}${stdout}${stderr}`;
}

describe.skipIf(!hasLibrary)(
  `the native hand-over inside of Node under sanitizers${hasLibrary ? '' : ' (skipped: g++ with libasan is missing)'}`,
  () => {
    beforeAll(() => {
      for (const part of ['src', 'test', 'native', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
        cpSync(join(root, part), join(project, part), {
          recursive: true,
          filter: (source) => source !== join(root, 'native', 'build'),
        });
      symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
      const flags = [SANITIZE, '-fno-sanitize=vptr', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
      const env = { CXXFLAGS: [...flags, '-g', '-O1'].join(' '), LDFLAGS: SANITIZE };
      expect(run('npm', ['run', '--silent', 'build:native'], env)).toBe('');
      const addon = readFileSync(join(project, 'native', 'build', 'Release', 'handover.node'));
      expect(addon.includes('__asan_init')).toBe(true);
    }, 240_000);
    afterAll(() => rmSync(project, { recursive: true, force: true }));

    test.each(['handover', 'poison', 'shutdown'])(
      'touches no byte that is not its own in test/embedded/%s.test.ts',
      (name) => {
        const vitest = join('node_modules', 'vitest', 'vitest.mjs');
        const args = [vitest, 'run', '--project', 'embedded', `test/embedded/${name}.test.ts`];
        // Node and V8 do not give everything back at their end, so leaks are not looked for.
        const env = { LD_PRELOAD: library, ASAN_OPTIONS: 'detect_leaks=0' };
        expect(run(process.execPath, args, env)).toBe('');
      },
      240_000,
    );
  },
);
