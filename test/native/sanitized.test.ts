import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const rdkafka = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'));
const SANITIZE = '-fsanitize=address,undefined';
/** Rounds of random frames; NATIVE_FUZZ_ROUNDS sets more. */
const ROUNDS = process.env.NATIVE_FUZZ_ROUNDS ?? '200000';

const folder = mkdtempSync(join(tmpdir(), 'openframe-native-'));
const hasSanitizers = compile(join(folder, 'probe'), [probeSource()]) === '';

function probeSource(): string {
  const file = join(folder, 'probe.cc');
  writeFileSync(file, 'int main() { return 0; }\n');
  return file;
}

/** What the compiler says; nothing when it has compiled. */
function compile(program: string, sources: readonly string[], libraries: readonly string[] = []): string {
  const flags = ['-std=c++20', '-g', '-O1', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all', SANITIZE];
  const headers = ['-isystem', join(rdkafka, 'deps', 'librdkafka', 'src')];
  const args = [...flags, '-Wall', '-Wextra', '-Werror', ...headers, ...sources, ...libraries, '-o', program];
  const { status, stdout, stderr, error } = spawnSync('g++', args, { encoding: 'utf8' });
  return status === 0 ? '' : `${error?.message ?? ''}${stdout}${stderr}`;
}

describe.skipIf(!hasSanitizers)(
  `the native hand-over under sanitizers${hasSanitizers ? '' : ' (skipped: g++ with libasan and libubsan is missing)'}`,
  () => {
    const program = join(folder, 'sanitized');
    beforeAll(() => {
      const deps = join(rdkafka, 'build', 'deps');
      const sources = [
        'native/test/sanitized.cc',
        'native/src/frame_consumer.cc',
        'native/src/frame_producer.cc',
      ];
      expect(compile(program, sources, [join(deps, 'librdkafka.so.1'), `-Wl,-rpath,${deps}`])).toBe('');
    }, 240_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.each(['1', '2'])(
      'touches no byte beside its frames, leaks nothing, and moves every record through a broker, seed %s',
      (seed) => {
        const { status, stdout, stderr } = spawnSync(program, [seed, ROUNDS], { encoding: 'utf8' });
        expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
        expect(stdout).toBe(`${ROUNDS} rounds of frames, 300 records through the mock broker\n`);
      },
      240_000,
    );
  },
);
