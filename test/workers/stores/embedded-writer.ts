import { must } from '../../../src/shared/assert.ts';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import { device } from './samples.ts';

/**
 * Process of its own for embedded-processes.test.ts: writes rows `<prefix><n>` and the shared row `both`, and says so only after the
 * store has.
 */
const [, , path, prefix, parity] = process.argv;
const store = await openStore({
  kind: 'embedded',
  path: must(path, 'path'),
  buckets: 4,
  deletedKeepSeconds: 3600,
  historyKeepSeconds: 3600,
});
for (let n = 1; ; n += 1) {
  await store.write([device(`${must(prefix, 'prefix')}${n}`, n, { hostname: `at ${n}` })]);
  await store.write([device('both', 2 * n + Number(parity), { hostname: must(prefix, 'prefix') })]);
  process.stdout.write(`${n}\n`);
}
