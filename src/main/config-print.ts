import { stringify } from 'yaml';
import * as z from 'zod';
import { markdownTable } from '../shared/markdown.ts';
import { type LoadedConfig, valueAt } from './config.ts';
import { CONFIG_FILE_VARIABLE } from './config-environment.ts';
import { configSchema } from './config-schema.ts';
import { PROVIDER_KINDS } from './config-schema-references.ts';
import { CONFIG_OPTIONS, type ConfigOption, optionsOf } from './config-table.ts';

export interface PrintedOption {
  readonly key: string;
  /** `<redacted>` for a secret that is set, null for what is not set. */
  readonly value: unknown;
  readonly origin: string;
  readonly place: string;
}

/** Every key with its value and where it came from. Secrets never show. */
export function printedOptions({ config, origins }: LoadedConfig): PrintedOption[] {
  return [...CONFIG_OPTIONS.values()].map((option) => {
    const value = valueAt(config, option.key) ?? null;
    const origin = origins.get(option.key);
    return {
      key: option.key,
      value: option.secret && value !== null ? '<redacted>' : value,
      origin: origin?.from ?? 'default',
      place: origin?.place ?? '',
    };
  });
}

/** JSON Schema of the file, for editors and for the chart's values.schema.json. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }) };
}

function defaultText(option: ConfigOption): string {
  if (!option.schema.safeParse(undefined).success) return 'none: it has to be there';
  if (option.defaultValue === undefined) return '';
  if (option.key === 'sources') return 'the four connectors, see below';
  return `\`${JSON.stringify(option.defaultValue)}\``;
}

function section(name: string, options: readonly ConfigOption[]): string[] {
  const rows = options.map((option) => [
    `\`${option.key}\`<br>\`${option.environmentName}\``,
    option.takes,
    defaultText(option),
    `${option.description}${option.secret ? ' Secret: never printed, not taken from flags.' : ''}`,
  ]);
  return [`## ${name}`, '', ...markdownTable(['key and variable', 'takes', 'default', 'meaning'], rows), ''];
}

/** Keys of the entries of a list; they have no variables of their own. */
function entryKeys(kind: string, options: readonly ConfigOption[]): string[] {
  const rows = options
    .filter(({ key }) => key !== 'kind')
    .map((option) => [`\`${option.key}\``, option.takes, defaultText(option), option.description]);
  return [`### kind: ${kind}`, '', ...markdownTable(['key', 'takes', 'default', 'meaning'], rows), ''];
}

/** docs/configuration.md. A test keeps the file equal to this. */
export function configurationPage(): string {
  const options = [...CONFIG_OPTIONS.values()];
  const names = [...new Set(options.map((option) => option.key.split('.')[0] ?? ''))];
  const sources = CONFIG_OPTIONS.get('sources')?.defaultValue;
  return [
    '# Configuration',
    '',
    '<!-- Made by `openframe-stream config docs`; do not edit. -->',
    '',
    `One YAML file, named by \`--config\` or \`${CONFIG_FILE_VARIABLE}\`. Every key can be overridden by the environment variable`,
    'beside it and by `--set key=value`. A flag wins over the environment, the environment over the file, the file over the default.',
    'An empty variable counts as not set. In variables and flags a list is written with commas (`a:9092,b:9092`), a map as',
    '`name=value,name=value`. Unknown keys and variables are errors. `openframe-stream config print` shows every value and where it',
    'comes from; `openframe-stream config check` only checks.',
    '',
    'Secrets come from the file, the environment, or a file of their own: beside each there is a `…File` key.',
    '',
    ...names.flatMap((name) =>
      section(
        name,
        options.filter((option) => option.key === name || option.key.startsWith(`${name}.`)),
      ),
    ),
    '## Providers of references',
    '',
    'An entry of `references.providers` has a `kind` and these keys.',
    '',
    ...Object.entries(PROVIDER_KINDS).flatMap(([kind, entry]) => entryKeys(kind, optionsOf('', entry))),
    '## Default sources',
    '',
    '```yaml',
    stringify({ sources }).trimEnd(),
    '```',
    '',
  ].join('\n');
}
