import type { Command } from 'commander';
import { type Config, storeSettings } from '../../main/config.ts';
import { UsageError } from '../../shared/errors.ts';
import type { CassandraSettings } from '../../shared/settings.ts';
import { configOf, EXIT, outputOption, print, withExamples } from '../command.ts';
import { applySchema, planSchema } from '../schema.ts';
import { listing, type Output } from '../table.ts';

type Plan = Awaited<ReturnType<typeof planSchema>>;

interface PlanRow {
  readonly action: 'change' | 'problem';
  readonly what: string;
  readonly cql: string | null;
}

function cassandraSettings(config: Config): CassandraSettings {
  const settings = storeSettings(config);
  if (settings.kind !== 'cassandra')
    throw new UsageError(`store.kind is ${settings.kind}: only cassandra has a schema`);
  return settings;
}

function rowsOf({ changes, problems }: Plan): PlanRow[] {
  return [
    ...changes.map(({ what, cql }): PlanRow => ({ action: 'change', what, cql })),
    ...problems.map((what): PlanRow => ({ action: 'problem', what, cql: null })),
  ];
}

function summary({ changes, problems }: Plan, done: boolean): string {
  if (changes.length + problems.length === 0) return 'the schema is as it has to be\n';
  if (changes.length === 0) return '';
  return done
    ? `${changes.length} changes made\n`
    : `${changes.length} changes to make: openframe-stream schema apply\n`;
}

async function run(applies: boolean, output: Output, command: Command): Promise<void> {
  const settings = cassandraSettings(configOf(command).config);
  const plan = await planSchema(settings);
  // The difference comes first, also when applying it fails half way.
  await print(listing(rowsOf(plan), ['action', 'what'], output));
  const made = applies ? await applySchema(settings) : plan;
  if (output === 'table') await print(summary(made, applies));
  // What only an operator can mend is left whichever of the two commands ran.
  if (plan.problems.length > 0) process.exitCode = EXIT.problemsFound;
}

export function register(program: Command): void {
  const schema = program.command('schema').description('the Cassandra keyspace, tables and indexes');
  withExamples(
    schema.command('plan').description('show what apply would do').addOption(outputOption()),
    'openframe-stream schema plan --config openframe.yaml',
    'openframe-stream schema plan --output jsonl   # with the CQL',
  ).action(({ output }: { output: Output }, command: Command) => run(false, output, command));
  withExamples(
    schema
      .command('apply')
      .description('make the keyspace and missing tables, columns and indexes; never drops, never alters')
      .addOption(outputOption()),
    'openframe-stream schema apply --config openframe.yaml',
    'openframe-stream schema apply --set store.cassandra.replicationFactor=3',
  ).action(({ output }: { output: Output }, command: Command) => run(true, output, command));
}
