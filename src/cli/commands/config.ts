import { type Command, Option } from 'commander';
import { configJsonSchema, configurationPage, printedOptions } from '../../main/config-print.ts';
import { configOf, outputOption, print, withExamples } from '../command.ts';
import { sourcesPage } from '../sources-page.ts';
import { listing, type Output } from '../table.ts';

export function register(program: Command): void {
  const config = program.command('config').description('check and show the configuration, offline');

  withExamples(
    config
      .command('check')
      .description('check the configuration and say nothing more than whether it is right'),
    'openframe-stream config check --config openframe.yaml',
    'OPENFRAME_STREAM_KAFKA__BROKERS=kafka:9092 openframe-stream config check',
  ).action(async (_: object, command: Command) => {
    const { path } = configOf(command);
    await print(`configuration is right (${path ?? 'no file: defaults and environment'})\n`);
  });

  withExamples(
    config
      .command('print')
      .description('show every key with its value and where it comes from; secrets are redacted')
      .addOption(outputOption()),
    'openframe-stream config print --config openframe.yaml',
    'openframe-stream config print --output jsonl | grep environment',
  ).action(async ({ output }: { output: Output }, command: Command) => {
    const rows = printedOptions(configOf(command));
    await print(listing(rows, ['key', 'value', 'origin', 'place'], output));
  });

  withExamples(
    config
      .command('schema')
      .description('print the JSON Schema of the configuration file, for editors and charts'),
    'openframe-stream config schema > openframe.schema.json',
  ).action(() => print(`${JSON.stringify(configJsonSchema(), null, 2)}\n`));

  withExamples(
    config
      .command('docs')
      .description('print a generated page of the documentation')
      .addOption(
        new Option('--page <name>', 'which one').choices(Object.keys(PAGES)).default('configuration'),
      ),
    'openframe-stream config docs > docs/configuration.md',
    'openframe-stream config docs --page sources > docs/sources.md',
  ).action(({ page }: { readonly page: keyof typeof PAGES }) => print(PAGES[page]()));
}

/** The page docs/<name>.md by its name. */
const PAGES = { configuration: configurationPage, sources: sourcesPage } as const;
