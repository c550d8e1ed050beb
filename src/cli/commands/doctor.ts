import type { Command } from 'commander';
import { configOf, EXIT, outputOption, print, withExamples } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { kafkaFindings } from '../doctor/kafka-checks.ts';
import { pinotFindings } from '../doctor/pinot-checks.ts';
import { processFindings } from '../doctor/process-checks.ts';
import { storeFindings } from '../doctor/store-checks.ts';
import { listing, type Output } from '../table.ts';

/** A reason and an advice are sentences: lines take them, cells would cut them. */
function readable({ status, check, detail, advice }: Finding): string {
  const line = `${status.padEnd(4)}  ${check.padEnd(26)}  ${detail}\n`;
  return status === 'ok' || advice === '' ? line : `${line}      → ${advice}\n`;
}

export function register(program: Command): void {
  const command = program
    .command('doctor')
    .description('check every dependency from the outside and say what to do about each failure')
    .addOption(outputOption());
  withExamples(
    command,
    'openframe-stream doctor --config openframe.yaml',
    'openframe-stream doctor --output jsonl | grep -v \'"status":"ok"\'',
  ).action(async ({ output }: { output: Output }, self: Command) => {
    const { config } = configOf(self);
    const findings = [
      ...processFindings(config),
      ...(await Promise.all([kafkaFindings(config), storeFindings(config), pinotFindings(config)])).flat(),
    ];
    await print(output === 'table' ? findings.map(readable).join('') : listing(findings, [], output));
    const failed = findings.filter(({ status }) => status === 'fail').length;
    const warned = findings.filter(({ status }) => status === 'warn').length;
    if (output === 'table') await print(`${findings.length} checks, ${failed} failed, ${warned} warnings\n`);
    if (failed > 0) process.exitCode = EXIT.problemsFound;
  });
}
