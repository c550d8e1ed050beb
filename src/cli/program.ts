import { Command } from 'commander';
import { addGlobalOptions, type CommandModule } from './command.ts';
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

/** The command line. It throws commander's errors instead of ending the process. */
export function createProgram(): Command {
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
