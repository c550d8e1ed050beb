#!/usr/bin/env node
import { CommanderError } from 'commander';
import { DependencyError, DestinationError, messageOf, UsageError } from '../shared/errors.ts';
import { EXIT } from './command.ts';
import { createProgram } from './program.ts';

/** Says what went wrong in one line. A stack is only for what is nobody's input: a defect of the program. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has printed it already; help and version come this way too.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  process.stderr.write(`openframe-stream: ${messageOf(error)}\n`);
  if (error instanceof UsageError) return EXIT.usage;
  const expected = error instanceof DependencyError || error instanceof DestinationError;
  if (!expected && error instanceof Error)
    process.stderr.write(`This is a defect of openframe-stream.\n${error.stack}\n`);
  return EXIT.failed;
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
