import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildsFolder, hashOfFiles } from './maven-build.ts';

/** A program of a Go module, compiled. */
export interface GoBuild {
  readonly program: string;
  /** Of the Go that compiled it. */
  readonly goVersion: string;
}

/** Where Go puts itself, and where nobody has to add it to PATH. */
const COMPILERS = [process.env.GO ?? 'go', '/usr/local/go/bin/go'];
const PROGRAM = 'program';
const VERSION = 'go-version';

/** Compiles a module once for each version of its Go files, into a folder that appears complete or not at all. A text says why not. */
export function goBuild(source: string): GoBuild | string {
  const files = ['go.mod', 'go.sum', 'main.go'].map((name) => join(source, name));
  const folder = join(buildsFolder(), `peers-go-${hashOfFiles(files)}`);
  if (!existsSync(folder)) {
    const failed = build(source, folder);
    if (failed !== undefined) return failed;
  }
  return { program: join(folder, PROGRAM), goVersion: readFileSync(join(folder, VERSION), 'utf8').trim() };
}

function build(source: string, folder: string): string | undefined {
  const compiler = COMPILERS.find((command) => spawnSync(command, ['version']).status === 0);
  if (compiler === undefined) return 'Go is not there';
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const output = join(unfinished, PROGRAM);
  const result = spawnSync(compiler, ['build', '-o', output, '.'], { cwd: source, encoding: 'utf8' });
  if (result.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    return `${source} does not build: ${result.error?.message ?? `${result.stdout}${result.stderr}`.trim()}`;
  }
  const version = spawnSync(compiler, ['env', 'GOVERSION'], { cwd: source, encoding: 'utf8' });
  writeFileSync(join(unfinished, VERSION), version.stdout.replace(/^go/, ''));
  renameSync(unfinished, folder);
  return undefined;
}
