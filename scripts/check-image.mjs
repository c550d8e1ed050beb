import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

/**
 * The steps of docker/Dockerfile without a container engine: production packages only, node-rdkafka pruned, and then the program has to
 * start and load its addon. Finds what a Dockerfile check cannot: a file pruned too much, a development package that the product needs.
 */

const HANDOVER = `
  import { loadAddon } from './dist/main/handover/native-addon.js';
  const addon = loadAddon();
  console.log(JSON.stringify({ handover: addon.unusable ?? 'native' }));
`;

ensureInstalled();
ensureBuilt();
// In the project's folder, because files can be linked, not copied, only within one file system.
const image = mkdtempSync(join(existsSync(join(root, '.stack')) ? join(root, '.stack') : tmpdir(), 'image-'));
try {
  for (const file of ['package.json', 'package-lock.json']) {
    cpSync(join(root, file), join(image, file));
  }
  cpSync(join(root, 'dist'), join(image, 'dist'), { recursive: true });
  link(join(root, 'node_modules'), join(image, 'node_modules'));
  const handover = join('native', 'build', 'Release', 'handover.node');
  cpSync(join(root, handover), join(image, handover));
  run(process.execPath, [join(root, 'scripts', 'prune-runtime.mjs'), image]);
  const version = run(process.execPath, ['dist/cli/openframe-stream.js', '--version']).trim();
  const expected = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  if (version !== expected) {
    throw new Error(`--version printed ${version}, package.json says ${expected}`);
  }
  const addon = "const rdkafka = require('node-rdkafka'); console.log(rdkafka.librdkafkaVersion, rdkafka.features.join(','))";
  const rdkafka = run(process.execPath, ['-e', addon]).trim();
  const { handover: used } = JSON.parse(run(process.execPath, ['--input-type=module', '-e', HANDOVER]));
  if (used !== 'native') {
    throw new Error(`the image's hand-over would be ${used}`);
  }
  const size = run('du', ['-sm', 'node_modules']).split('\t')[0];
  process.stdout.write(`openframe-stream ${version}, librdkafka ${rdkafka}, node_modules ${size} MB\n`);
} finally {
  rmSync(image, { recursive: true, force: true });
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: image, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${result.error?.message ?? result.stdout + result.stderr}`);
  }
  return result.stdout;
}

/** A copy that shares its files: half a gigabyte in a second. Nothing here writes into a file, it only removes names. */
function link(from, to) {
  const status = lstatSync(from);
  if (status.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
  } else if (status.isDirectory()) {
    mkdirSync(to);
    for (const name of readdirSync(from)) {
      link(join(from, name), join(to, name));
    }
  } else {
    try {
      linkSync(from, to);
    } catch {
      cpSync(from, to);
    }
  }
}
