import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtOnce, said } from './built-once.ts';

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

/** Compiles a module once for each version of its Go files. A text says why there is none. */
export function goBuild(source: string): GoBuild | string {
  const files = ['go.mod', 'go.sum', 'main.go'].map((name) => join(source, name));
  const built = builtOnce('peers-go', files, (folder) => build(source, folder));
  if ('failed' in built) return `${source} does not build: ${built.failed}`;
  const goVersion = readFileSync(join(built.folder, VERSION), 'utf8').trim();
  return { program: join(built.folder, PROGRAM), goVersion };
}

function build(source: string, folder: string): string | undefined {
  const compiler = COMPILERS.find((command) => spawnSync(command, ['version']).status === 0);
  if (compiler === undefined) return 'Go is not there';
  const options = { cwd: source, encoding: 'utf8' } as const;
  const failed = said(spawnSync(compiler, ['build', '-o', join(folder, PROGRAM), '.'], options));
  if (failed !== undefined) return failed;
  const version = spawnSync(compiler, ['env', 'GOVERSION'], options);
  writeFileSync(join(folder, VERSION), version.stdout.replace(/^go/, ''));
  return undefined;
}
