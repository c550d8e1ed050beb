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
const DYING_WITHIN_MS = 3000;

let runFolderOfThisProcess: string | undefined;

/** An empty folder for one server. The system's temporary folder, because the database users cannot enter a private home. */
export function serverFolder(name: string): string {
  const folder = mkdtempSync(join(runFolder(), `${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Notes a started server, wherever its data is. */
export function noteServer(pid: number): void {
  const mark = processMark(pid);
  if (mark !== undefined) {
    writeFileSync(join(runFolder(), 'servers', String(pid)), mark);
  }
}

function runFolder(): string {
  if (runFolderOfThisProcess === undefined) {
    const folder = mkdtempSync(join(tmpdir(), PREFIX));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'servers'));
    writeFileSync(join(folder, 'owner'), processMark(process.pid) ?? '');
    runFolderOfThisProcess = folder;
  }
  return runFolderOfThisProcess;
}

/** Synchronous, because it runs while the process exits. Its servers were killed before. */
export function removeRunFolder(): void {
  if (runFolderOfThisProcess !== undefined) {
    const deadline = Date.now() + DYING_WITHIN_MS;
    while (liveServers(runFolderOfThisProcess).length > 0 && Date.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
    removeFolder(runFolderOfThisProcess);
    runFolderOfThisProcess = undefined;
  }
}

/** Ends the servers of runs whose process is gone and removes their folders. */
export function cleanDeadRuns(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    const owner = readIfThere(join(folder, 'owner'));
    if (owner !== undefined && !isAlive(owner)) {
      for (const server of liveServers(folder)) {
        process.kill(server, 'SIGKILL');
      }
      removeFolder(folder);
    }
  }
}

function liveServers(folder: string): number[] {
  const servers = readdirSync(join(folder, 'servers'));
  return servers.filter((server) => isAlive(readIfThere(join(folder, 'servers', server)) ?? '')).map(Number);
}

/** The owner's mark goes last: children of a killed server may still write, and what is left needs it to be found again. */
function removeFolder(folder: string): void {
  try {
    for (const entry of readdirSync(folder).filter((name) => name !== 'owner' && name !== 'servers')) {
      rmSync(join(folder, entry), { recursive: true, force: true, maxRetries: 5 });
    }
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // The next run tries again.
  }
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
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
