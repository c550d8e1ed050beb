import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Where servers keep their data, and what is left of runs that died. A run folder belongs to one process and names the servers that it
 * started, so that the next run can end what a killed test run could not. A process is known by its id and start time: ids come back.
 */

const PREFIX = 'openframe-stack-';

let runFolderOfThisProcess: string | undefined;

/** An empty folder for one server. The system's temporary folder, because the database users cannot enter a private home. */
export function serverFolder(name: string): string {
  if (runFolderOfThisProcess === undefined) {
    const folder = mkdtempSync(join(tmpdir(), PREFIX));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'servers'));
    writeFileSync(join(folder, 'owner'), processMark(process.pid) ?? '');
    runFolderOfThisProcess = folder;
  }
  const folder = mkdtempSync(join(runFolderOfThisProcess, `${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Notes a started server in this process's run folder. */
export function noteServer(pid: number): void {
  const mark = processMark(pid);
  if (runFolderOfThisProcess !== undefined && mark !== undefined) {
    writeFileSync(join(runFolderOfThisProcess, 'servers', String(pid)), mark);
  }
}

/** Synchronous, because it runs while the process exits. Servers may still be dying: what they leave, the next run removes. */
export function removeRunFolder(): void {
  if (runFolderOfThisProcess !== undefined) {
    try {
      rmSync(runFolderOfThisProcess, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // Not worth failing an exit for.
    }
    runFolderOfThisProcess = undefined;
  }
}

/** Ends the servers of runs whose process is gone and removes their folders. */
export function cleanDeadRuns(): void {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (
      name.startsWith(PREFIX) &&
      existsSync(join(folder, 'owner')) &&
      !isAlive(readFileSync(join(folder, 'owner'), 'utf8'))
    ) {
      for (const server of readdirSync(join(folder, 'servers'))) {
        const mark = readFileSync(join(folder, 'servers', server), 'utf8');
        if (isAlive(mark)) {
          process.kill(Number(server), 'SIGKILL');
        }
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** `<pid> <start time in ticks>`, or undefined when there is no such process. */
function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold blanks and brackets; the fields after its last bracket are plain.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${pid} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

function isAlive(mark: string): boolean {
  return mark !== '' && processMark(Number.parseInt(mark, 10)) === mark;
}
