import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Takes out of a folder's node_modules what only building needs. node-rdkafka is 540 MB with librdkafka's sources and objects; what it
 * loads at run time is its JavaScript, the addon, and librdkafka's shared objects, which the addon looks for in ../deps.
 */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: node scripts/prune-runtime.mjs FOLDER\n');
  process.exit(2);
}
const rdkafka = join(resolve(folder), 'node_modules', 'node-rdkafka');

keep(rdkafka, (name) => ['lib', 'librdkafka.js', 'package.json', 'LICENSE.txt', 'build', 'node_modules'].includes(name));
keep(join(rdkafka, 'build'), (name) => ['Release', 'deps'].includes(name));
keep(join(rdkafka, 'build', 'Release'), (name) => name === 'node-librdkafka.node');
keep(join(rdkafka, 'build', 'deps'), (name) => /^librdkafka(\+\+)?\.so(\.\d+)?$/.test(name));

function keep(parent, wanted) {
  for (const name of readdirSync(parent)) {
    if (!wanted(name)) {
      rmSync(join(parent, name), { recursive: true });
    }
  }
}
