import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

// `npm run bench`: the suite measures the compiled program, so that is made first.
ensureInstalled();
ensureBuilt();
const suite = spawn(process.execPath, ['--import', 'tsx', join(root, 'bench', 'run.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: root,
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => suite.kill(signal));
}
suite.on('exit', (code) => process.exit(code ?? 1));
