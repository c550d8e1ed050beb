import { readFileSync } from 'node:fs';
import { messageOf, UsageError } from '../shared/errors.ts';
import type { StoreSettings } from '../shared/settings.ts';
import {
  CONFIG_FILE_VARIABLE,
  type Environment,
  readEnvironment,
  valueOfText,
} from './config-environment.ts';
import { type FileContents, type GivenValue, readConfigFile } from './config-file.ts';
import { contradictions } from './config-rules.ts';
import { type ConfigTree, configSchema } from './config-schema.ts';
import { CONFIG_OPTIONS, type ConfigOption, suggestion } from './config-table.ts';

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
export type Config = DeepReadonly<ConfigTree>;

/** A key set on the command line. */
export interface FlagValue {
  readonly key: string;
  /** As written. */
  readonly text: string;
  /** The flag that set it, for messages: `--broker`. */
  readonly flag: string;
}

export interface ConfigArguments {
  readonly config?: string | undefined;
  readonly flags?: readonly FlagValue[];
}

export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  /** The flag, the variable or the place in the file; empty for a default. */
  readonly place: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Origin of every key. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** The file that was read, if any. */
  readonly path: string | undefined;
}

interface Candidate extends GivenValue {
  readonly from: Origin['from'];
}

function readFlags(flags: readonly FlagValue[]): FileContents {
  const values: GivenValue[] = [];
  const problems: string[] = [];
  for (const { key, text, flag } of flags) {
    const option = CONFIG_OPTIONS.get(key);
    if (option === undefined) {
      problems.push(`${flag}: unknown key ${key}${suggestion(key, CONFIG_OPTIONS.keys())}`);
    } else if (option.secret) {
      // Arguments are visible to every user of the machine.
      problems.push(`${flag}: ${key} is a secret: set ${option.environmentName} or ${key}File instead`);
    } else {
      values.push({ key, value: valueOfText(option, text), place: flag });
    }
  }
  return { values, problems };
}

/** A value as messages may show it. */
function shown(option: ConfigOption, value: unknown): string {
  if (option.secret) return '<redacted>';
  if (value === undefined) return 'nothing';
  // An entry of a list may hold an address with a password, or a token under a wrong key: only plain words are shown of it.
  if (option.kind === 'structure' && !/^[\w.-]*$/.test(String(value))) return `<${typeof value}>`;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function valueBelow(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    // The validator found an issue at this path, so there is an object at each step but perhaps the last.
    (inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step],
    value,
  );
}

function problemsOf(option: ConfigOption, candidate: Candidate): string[] {
  const result = option.schema.safeParse(candidate.value);
  return (result.error?.issues ?? []).map((issue) => {
    const inner = issue.path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
      .join('');
    // Below the key itself (sources[1].tool) only the validator knows what was expected.
    const takes = inner === '' && issue.code !== 'custom' ? `takes ${option.takes}` : issue.message;
    return `${option.key}${inner} (${candidate.place}): got ${shown(option, valueBelow(candidate.value, issue.path))}, ${takes}`;
  });
}

/** Reads the secrets that are given as files. */
function readSecretFiles(values: Map<string, Candidate>): string[] {
  const problems: string[] = [];
  for (const option of CONFIG_OPTIONS.values()) {
    const file = option.secret ? values.get(`${option.key}File`) : undefined;
    if (file === undefined || typeof file.value !== 'string') continue;
    const direct = values.get(option.key);
    if (direct !== undefined) {
      problems.push(`${option.key} (${direct.place}) and ${file.key} (${file.place}): give one of the two`);
      continue;
    }
    try {
      const value = readFileSync(file.value, 'utf8').replace(/\r?\n$/, '');
      if (value === '') problems.push(`${file.key} (${file.place}): ${file.value} is empty`);
      values.set(option.key, { ...file, key: option.key, value });
    } catch (error) {
      problems.push(`${file.key} (${file.place}): ${messageOf(error)}`);
    }
  }
  return problems;
}

function nested(values: Iterable<Candidate>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { key, value } of values) {
    const path = key.split('.');
    let section = root;
    for (const name of path.slice(0, -1)) {
      section[name] ??= {};
      section = section[name] as Record<string, unknown>; // only sections are ever put at inner names
    }
    section[path.at(-1) ?? key] = value;
  }
  return root;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 1) throw new UsageError(`configuration: ${problems[0]}`);
  if (problems.length > 1) {
    throw new UsageError(`configuration: ${problems.length} problems\n  ${problems.join('\n  ')}`);
  }
}

/**
 * Reads the configuration: flag, then environment, then file, then default. Throws a UsageError that names every wrong key at once.
 */
export function loadConfig(args: ConfigArguments, environment: Environment = process.env): LoadedConfig {
  const path = args.config ?? (environment[CONFIG_FILE_VARIABLE] || undefined);
  const sources: readonly [Origin['from'], FileContents][] = [
    ['file', path === undefined ? { values: [], problems: [] } : readConfigFile(path)],
    ['environment', readEnvironment(environment)],
    ['flag', readFlags(args.flags ?? [])],
  ];
  const problems = sources.flatMap(([, contents]) => contents.problems);
  const values = new Map<string, Candidate>();
  for (const [from, contents] of sources) {
    for (const given of contents.values) values.set(given.key, { ...given, from });
  }
  problems.push(...readSecretFiles(values));
  for (const option of CONFIG_OPTIONS.values()) {
    const candidate = values.get(option.key);
    if (candidate !== undefined) problems.push(...problemsOf(option, candidate));
  }
  refuse(problems);

  const config = configSchema.parse(nested(values.values()));
  refuse(contradictions(config));
  const origins = new Map<string, Origin>();
  for (const key of CONFIG_OPTIONS.keys()) {
    const candidate = values.get(key);
    origins.set(key, { from: candidate?.from ?? 'default', place: candidate?.place ?? '' });
  }
  return { config: deepFreeze(config), origins, path };
}

/** The value at a key of the table. */
export function valueAt(config: Config, key: string): unknown {
  let value: unknown = config;
  for (const name of key.split('.')) value = (value as Record<string, unknown>)[name]; // sections all the way by the table
  return value;
}

const SECONDS_PER_DAY = 86_400;

/** What `store` says, as workers and the schema commands take it. */
export function storeSettings(config: Config): StoreSettings {
  const { store, deletes, events } = config;
  const keep = {
    deletedKeepSeconds: deletes.keepDays * SECONDS_PER_DAY,
    historyKeepSeconds: events.keepDays * SECONDS_PER_DAY,
  };
  if (store.kind === 'none') return { kind: 'none', buckets: store.buckets };
  if (store.kind === 'embedded')
    return { kind: 'embedded', path: store.embedded.path, buckets: store.buckets, ...keep };
  const { tls, password, passwordFile: _, ...cassandra } = store.cassandra;
  const { enabled, ...files } = tls;
  return {
    kind: 'cassandra',
    ...keep,
    ...cassandra,
    password,
    buckets: store.buckets,
    tls: enabled ? files : undefined,
  };
}

/** A variable of the process that is not ours, such as UV_THREADPOOL_SIZE. */
export function processVariable(name: string): string | undefined {
  return process.env[name];
}
