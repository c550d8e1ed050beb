import type { SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../machine.ts';

export type BuildResult = { readonly folder: string } | { readonly failed: string };

/**
 * Builds once for each version of the files that are named, into a folder beside the servers' jars that appears complete or not at all.
 * `build` answers what went wrong, if anything did.
 */
export function builtOnce(
  name: string,
  files: readonly string[],
  build: (folder: string) => string | undefined,
): BuildResult {
  const builds = process.env.OPENFRAME_TEST_STACK_DIR ?? join(root, '.stack');
  const folder = join(builds, `${name}-${hashOf(files)}`);
  if (existsSync(folder)) return { folder };
  const unfinished = `${folder}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const failed = build(unfinished);
  if (failed !== undefined) {
    rmSync(unfinished, { recursive: true, force: true });
    return { failed };
  }
  renameSync(unfinished, folder);
  return { folder };
}

/** What a program that failed said. */
export function said({ status, error, stdout, stderr }: SpawnSyncReturns<string>): string | undefined {
  return status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`.trim());
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted()) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
