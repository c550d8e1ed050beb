import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import { readOne, TOOL } from './samples.ts';

const path = mkdtempSync(join(tmpdir(), 'embedded-processes-'));
afterAll(() => rmSync(path, { recursive: true, force: true }));

interface Writer {
  readonly child: ChildProcess;
  /** How far it has said to be. */
  readonly written: () => number;
  readonly reached: (n: number) => Promise<void>;
}

function startWriter(prefix: string, parity: number): Writer {
  const script = fileURLToPath(new URL('./embedded-writer.ts', import.meta.url));
  const args = ['--import', 'tsx', script, path, prefix, String(parity)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let written = 0;
  const lines = createInterface({ input: must(child.stdout, 'stdout') });
  lines.on('line', (line) => {
    written = Number(line);
  });
  const reached = async (n: number): Promise<void> => {
    while (written < n) await once(lines, 'line');
  };
  return { child, written: () => written, reached };
}

describe('an embedded store that several processes have open', () => {
  it('keeps what was acknowledged before a kill -9, and is readable and writable beside a writer', async () => {
    const [a, b] = [startWriter('a', 0), startWriter('b', 1)];
    await Promise.all([a.reached(50), b.reached(50)]);
    const store = await openStore({
      kind: 'embedded',
      path,
      buckets: 4,
      deletedKeepSeconds: 3600,
      historyKeepSeconds: 3600,
    });
    expect(await readOne(store, 'both')).toBeDefined();
    a.child.kill('SIGKILL');
    await once(a.child, 'exit');
    const wanted = Array.from({ length: a.written() }, (_, n) => `a${n + 1}`);
    expect((await store.read('device', TOOL, wanted)).size).toBe(wanted.length);

    // The other writer goes on, whatever the dead one held, and what it has written is seen at once.
    const next = b.written() + 50;
    await b.reached(next);
    expect(await readOne(store, `b${next}`)).toBeDefined();
    b.child.kill('SIGKILL');
    await once(b.child, 'exit');
    await store.probe();
    let rows = 0;
    for await (const row of store.scan('device')) rows += row.id === 'both' ? 0 : 1;
    expect(rows).toBeGreaterThanOrEqual(a.written() + b.written());
    await store.close();
  }, 60_000);
});
