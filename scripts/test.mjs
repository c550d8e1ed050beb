import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureInstalled, root } from './ready.mjs';

/**
 * `npm test`: everything from a fresh clone to the line `N passed, N failed, N skipped`, which is the last one printed. Arguments go to
 * vitest: `npm test -- --project unit`.
 */

ensureInstalled();
const buildFailed = !builds();
const folder = mkdtempSync(join(tmpdir(), 'openframe-test-report-'));
const reportFile = join(folder, 'report.json');
const exitCode = await vitest(['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]);
const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : null;
const totals = totalsOf(report);
for (const line of failuresIn(report)) {
  process.stdout.write(`failed test: ${line}\n`);
}
rmSync(folder, { recursive: true, force: true });

if (buildFailed) {
  totals.failed += 1;
  process.stdout.write('The build failed, which counts as one failure.\n');
}
if (exitCode !== 0 && totals.failed === 0) {
  // An error outside of any test, or a setup that failed.
  totals.failed += 1;
  process.stdout.write(`vitest ended with ${exitCode} though no test failed, which counts as one failure.\n`);
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;

/** Some tests start the compiled program. One that does not compile does not keep the others from running. */
function builds() {
  const script = join(root, 'scripts', 'build.mjs');
  return spawnSync(process.execPath, [script, '--due'], { stdio: ['ignore', 2, 2] }).status === 0;
}

function vitest(reporting) {
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [program, 'run', ...reporting, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // vitest stops its servers first.
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

function totalsOf(report) {
  if (report === null) {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A file that cannot be loaded has no tests to fail.
  const brokenFiles = report.testResults.filter(
    (result) => result.status === 'failed' && result.assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** A line for each test that failed, with the beginning of its reason: a log that is cut keeps its end, and here it says which they were. */
function failuresIn(report) {
  return (report?.testResults ?? []).flatMap((result) => {
    const name = relative(root, result.name);
    const failed = result.assertionResults.filter((test) => test.status === 'failed');
    return result.status === 'failed' && failed.length === 0
      ? [`${name}: ${reasonOf(result.message)}`]
      : failed.map((test) => `${name} > ${test.fullName}: ${reasonOf(test.failureMessages.join(' '))}`);
  });
}

function reasonOf(message) {
  return (message ?? '').replaceAll(/\s+/g, ' ').slice(0, 600);
}
