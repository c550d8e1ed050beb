#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { DependencyError, DestinationError, messageOf, UsageError } from '../shared/errors.ts';
import { addGlobalOptions, type CommandModule, EXIT } from './command.ts';
import * as config from './commands/config.ts';
import * as demo from './commands/demo.ts';
import * as doctor from './commands/doctor.ts';
import * as exportRows from './commands/export.ts';
import * as feed from './commands/feed.ts';
import * as pinot from './commands/pinot.ts';
import * as run from './commands/run.ts';
import * as schema from './commands/schema.ts';
import * as topics from './commands/topics.ts';
import * as transform from './commands/transform.ts';
import { packageVersion } from './package-version.ts';

/** Every command, in the order of the help. */
const COMMANDS: readonly CommandModule[] = [
  run,
  demo,
  feed,
  transform,
  exportRows,
  doctor,
  config,
  topics,
  schema,
  pinot,
];

function createProgram(): Command {
  const program = new Command('openframe-stream')
    .description('Change-data stream processor: Debezium records from Kafka to Cassandra and Apache Pinot.')
    .version(packageVersion())
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows what the command takes)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nA flag wins over the environment, the environment over the file, the file over the default.\n' +
        'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a check found problems.\n',
    );
  addGlobalOptions(program);
  for (const command of COMMANDS) command.register(program);
  return program;
}

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
