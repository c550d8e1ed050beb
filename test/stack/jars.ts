import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const MODULES = ['kafka', 'cassandra', 'connect-postgres', 'connect-mariadb'];
const MAVEN_WITHIN_MS = 900_000;

export interface Jars {
  readonly kafka: string;
  readonly cassandra: string;
  /** Kafka Connect's `plugin.path`. */
  readonly plugins: string;
}

/**
 * The servers' jars, brought by Maven at the first call. The folder's name holds a hash of the poms and it appears complete or not at
 * all, so a stopped download is never taken for a finished one and two test runs may both try.
 */
export async function ensureJars(): Promise<Jars> {
  const base = process.env.OPENFRAME_TEST_STACK_DIR ?? join(here, '..', '..', '.stack');
  const folder = join(base, `lib-${hashOfPoms()}`);
  if (!existsSync(folder)) {
    await download(base, folder);
  }
  return {
    kafka: join(folder, 'kafka'),
    cassandra: join(folder, 'cassandra'),
    plugins: join(folder, 'plugins'),
  };
}

async function download(base: string, folder: string): Promise<void> {
  mkdirSync(base, { recursive: true });
  const unfinished = mkdtempSync(join(base, 'unfinished-'));
  try {
    const args = ['-B', '-q', '-f', join(here, 'pom.xml'), 'package', `-Dlib.dir=${unfinished}`];
    await promisify(execFile)('mvn', args, { timeout: MAVEN_WITHIN_MS, maxBuffer: 2 ** 24 });
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) {
      throw error;
    }
    // Another run was faster, and its folder is as good.
  }
}

function hashOfPoms(): string {
  const hash = createHash('sha256');
  for (const pom of [
    join(here, 'pom.xml'),
    ...MODULES.map((module) => join(here, 'jars', module, 'pom.xml')),
  ]) {
    hash.update(readFileSync(pom));
  }
  return hash.digest('hex').slice(0, 12);
}
