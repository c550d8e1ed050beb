import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Takes out of a folder's node_modules what only developing and building need: the packages that package-lock.json marks so, and most of
 * node-rdkafka, which is 540 MB with librdkafka's sources and objects. What it loads at run time is its JavaScript, the addon, and
 * librdkafka's shared objects, which the addon looks for in ../deps. (`npm prune` is not used: it left
 * node-rdkafka without its build.)
 */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: node scripts/prune-runtime.mjs FOLDER\n');
  process.exit(2);
}
const image = resolve(folder);
const rdkafka = join(image, 'node_modules', 'node-rdkafka');

const { packages } = JSON.parse(readFileSync(join(image, 'package-lock.json'), 'utf8'));
for (const [path, { dev }] of Object.entries(packages)) {
  if (dev) {
    rmSync(join(image, path), { recursive: true, force: true });
  }
}
// Links to the programs of packages that are gone.
rmSync(join(image, 'node_modules', '.bin'), { recursive: true, force: true });
rmSync(join(image, 'node_modules', '.package-lock.json'), { force: true });

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
