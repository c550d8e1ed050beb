import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What makes a fresh clone ready to work, with nothing but Node: the dependencies and the compiled program. Everything printed on the
 * way goes to standard error, because standard output belongs to the command that was asked for.
 */

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const distDir = join(root, 'dist');
const nativeDir = join(root, 'native');
const addon = join(nativeDir, 'build', 'Release', 'handover.node');
const stamp = join(distDir, '.built');

/** Installs what package-lock.json names and compiles the addon, unless that is there already. */
export function ensureInstalled() {
  if (!isInstalled()) {
    process.stderr.write('Installing the dependencies; node-rdkafka compiles, which takes some minutes.\n');
    run('npm', ['ci', '--no-audit', '--no-fund']);
  }
  ensureAddon();
}

/**
 * Compiles the addon of the native hand-over when it is missing or older than its sources or node-rdkafka. Without a compiler the
 * plain hand-over does the same work, so a failure is said and ends nothing.
 */
export function ensureAddon() {
  const rdkafka = join(root, 'node_modules', 'node-rdkafka', 'build', 'Release', 'node-librdkafka.node');
  if (!existsSync(join(nativeDir, 'src')) || !existsSync(rdkafka)) {
    return;
  }
  const due = Math.max(
    newestUnder(join(nativeDir, 'src')),
    statSync(join(nativeDir, 'binding.gyp')).mtimeMs,
    statSync(rdkafka).mtimeMs,
  );
  if (existsSync(addon) && statSync(addon).mtimeMs > due) {
    return;
  }
  const { status, stdout, stderr, error } = spawnSync('npm', ['run', '--silent', 'build:native'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}${error?.message ?? ''}\n`);
    process.stderr.write('The native hand-over did not compile, for the reason above. Everything works without it, slower.\n');
  }
}

/** Compiles src into dist when dist is missing or older. Without src (an installed package, an image) dist is what there is. */
export function ensureBuilt() {
  if (!existsSync(join(root, 'src')) || isBuilt()) {
    return;
  }
  build();
}

/** Compiles beside dist and then changes places, so that a program that starts meanwhile finds the old files or the new ones. */
export function build() {
  const fresh = join(root, `.dist-${process.pid}`);
  const old = join(root, `.dist-${process.pid}-old`);
  const startedAt = new Date();
  process.once('exit', () => {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', fresh]);
  writeFileSync(join(fresh, '.built'), `${startedAt.toISOString()}\n`);
  if (existsSync(distDir)) {
    renameSync(distDir, old);
  }
  renameSync(fresh, distDir);
}

/** Runs a command in the project's folder. Its failure ends this process: nothing can go on without it. */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    const why = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
    process.stderr.write(`${command} ${args.join(' ')} failed: ${why}\n`);
    process.exit(1);
  }
}

/** npm keeps a lock file of what it installed: compared with the project's, package by package. */
function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) {
    return false;
  }
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || wanted.peer || installed[path]?.version === wanted.version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

function isBuilt() {
  if (!existsSync(stamp)) {
    return false;
  }
  const builtAt = Date.parse(readFileSync(stamp, 'utf8').trim());
  return newestUnder(join(root, 'src')) < builtAt && statSync(join(root, 'tsconfig.build.json')).mtimeMs < builtAt;
}

/** Folders count too: their time changes when a file in them is removed or renamed. */
function newestUnder(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestUnder(path) : statSync(path).mtimeMs);
  }
  return newest;
}
