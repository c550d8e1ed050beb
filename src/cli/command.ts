import { type Command, Option } from 'commander';
import { type FlagValue, type LoadedConfig, loadConfig } from '../main/config.ts';
import { splitPair } from '../main/config-environment.ts';
import { UsageError } from '../shared/errors.ts';
import { OUTPUTS, type Output, parseOutput } from './table.ts';

/** What every file of commands/ gives. */
export interface CommandModule {
  register(program: Command): void;
}

/** Exit codes of the contract, section 2. */
export const EXIT = { done: 0, failed: 1, usage: 2, problemsFound: 3 } as const;

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

export function addGlobalOptions(program: Command): void {
  program.option('-c, --config <file>', 'YAML configuration file (or OPENFRAME_STREAM_CONFIG)');
  program.option(
    '--set <key=value>',
    'override one key of the configuration; may be repeated',
    (pair: string, before: readonly string[] | undefined) => [...(before ?? []), pair],
  );
}

/** The configuration as the command line, the environment and the file give it. `flags` are those of the command itself. */
export function configOf(command: Command, flags: readonly FlagValue[] = []): LoadedConfig {
  const options = command.optsWithGlobals<GlobalOptions>();
  const set = (options.set ?? []).map((pair): FlagValue => {
    const [key, text] = splitPair(pair);
    if (!pair.includes('=')) throw new UsageError(`--set: got ${pair}, takes key=value`);
    return { key, text, flag: '--set' };
  });
  return loadConfig({ config: options.config, flags: [...set, ...flags] });
}

/** `--output` of a listing. */
export function outputOption(initial: Output = 'table'): Option {
  return new Option('--output <form>', `form of the listing: ${OUTPUTS.join(', ')}`)
    .argParser(parseOutput)
    .default(initial);
}

/** Adds worked examples to a command's help. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`);
}

/** Of an option that takes a number. */
export function numberParser(name: string, lowest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < lowest) {
      throw new UsageError(`${name}: got ${text}, takes a number of at least ${lowest}`);
    }
    return value;
  };
}

/** Writes a result to stdout. Resolves when the reader has taken it, so that a slow pipe makes the command slow and not large. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
