import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { builtOnce, said } from './built-once.ts';

/** Programs of a Maven project, compiled, with the jars that they need. */
export interface JavaBuild {
  /** For `java -cp`. */
  readonly classpath: string;
  /** Names of the jars: their versions. */
  readonly jars: readonly string[];
}

/** Compiles a Maven project once for each version of its sources. A text says why there is none. */
export function mavenBuild(source: string): JavaBuild | string {
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name));
  const built = builtOnce('peers', files, (folder) => {
    const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'libs')}`];
    return said(
      spawnSync('mvn', ['-q', '-B', `-Dout=${folder}`, ...goals], { cwd: source, encoding: 'utf8' }),
    );
  });
  if ('failed' in built) return `${source} does not build: ${built.failed}`;
  const libs = join(built.folder, 'libs');
  return { classpath: `${join(built.folder, 'classes')}:${join(libs, '*')}`, jars: readdirSync(libs) };
}
