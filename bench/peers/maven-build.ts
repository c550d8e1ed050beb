import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../machine.ts';

/** Programs of a Maven project, compiled, with the jars that they need. */
export interface JavaBuild {
  /** For `java -cp`. */
  readonly classpath: string;
  /** Names of the jars: their versions. */
  readonly jars: readonly string[];
}

/**
 * Compiles a Maven project once for each version of its sources, into a folder beside the servers' jars that appears complete or not
 * at all. A text says why there is none.
 */
export function mavenBuild(source: string): JavaBuild | string {
  const folder = join(buildsFolder(), `peers-${hashOf(source)}`);
  if (!existsSync(folder)) {
    const failed = build(source, folder);
    if (failed !== undefined) return failed;
  }
  const libs = join(folder, 'libs');
  return { classpath: `${join(folder, 'classes')}:${join(libs, '*')}`, jars: readdirSync(libs) };
}

/** Where builds are kept: beside the servers' jars. */
export function buildsFolder(): string {
  return process.env.OPENFRAME_TEST_STACK_DIR ?? join(root, '.stack');
}

function hashOf(source: string): string {
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name));
  return hashOfFiles(files);
}

/** Names a build of these files. */
export function hashOfFiles(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

function build(source: string, folder: string): string | undefined {
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${join(unfinished, 'libs')}`];
  const result = spawnSync('mvn', ['-q', '-B', `-Dout=${unfinished}`, ...goals], {
    cwd: source,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    return `${source} does not build: ${result.error?.message ?? `${result.stdout}${result.stderr}`}`;
  }
  renameSync(unfinished, folder);
  return undefined;
}
