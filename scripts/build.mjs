import { build, ensureBuilt, ensureInstalled } from './ready.mjs';

// `--due`: only when src is newer than dist.
ensureInstalled();
if (process.argv.includes('--due')) {
  ensureBuilt();
} else {
  build();
}
