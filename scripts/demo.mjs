import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

// `npm run demo`: the main job on a machine with nothing but Node, from a fresh clone on.
ensureInstalled();
ensureBuilt();
const program = join(root, 'dist', 'cli', 'openframe-stream.js');
const demo = spawn(process.execPath, [program, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) {
  // The demo shuts down in order; this process waits for it.
  process.on(signal, () => demo.kill(signal));
}
demo.on('exit', (code) => process.exit(code ?? 1));
