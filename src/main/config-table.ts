import * as z from 'zod';
import type { OptionMeta } from './config-option.ts';
import { configSchema } from './config-schema.ts';

/** One key of the configuration, read out of the tree of schemas. */
export interface ConfigOption {
  /** `kafka.consumer.batchRecords` */
  readonly key: string;
  /** `OPENFRAME_STREAM_KAFKA__CONSUMER__BATCH_RECORDS` */
  readonly environmentName: string;
  readonly schema: z.ZodType;
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'map' | 'structure';
  readonly description: string;
  readonly secret: boolean;
  readonly defaultValue: unknown;
  /** What a right value is, as words: `a whole number from 1 to 10000`. */
  readonly takes: string;
}

export const ENVIRONMENT_PREFIX = 'OPENFRAME_STREAM_';

function environmentName(key: string): string {
  const levels = key
    .split('.')
    .map((level) => level.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return ENVIRONMENT_PREFIX + levels.join('__');
}

/** The section behind a key, or undefined for a value. */
function sectionOf(schema: unknown): z.ZodObject | undefined {
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? inner : undefined;
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    const inner: unknown = schema.unwrap();
    if (inner instanceof z.ZodType) return withoutDefault(inner);
  }
  return schema;
}

function kindOf(schema: z.ZodType): ConfigOption['kind'] {
  const inner = withoutDefault(schema);
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodRecord) return 'map';
  if (inner instanceof z.ZodArray) {
    const { element } = inner;
    return element instanceof z.ZodObject || element instanceof z.ZodDiscriminatedUnion
      ? 'structure'
      : 'list';
  }
  return 'text';
}

interface JsonSchemaPart {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchemaPart;
  readonly additionalProperties?: JsonSchemaPart | false;
}

function words(part: JsonSchemaPart): string {
  if (part.enum !== undefined) return part.enum.map(String).join(' | ');
  if (part.type === 'integer') return `a whole number from ${part.minimum} to ${part.maximum}`;
  if (part.type === 'boolean') return 'true | false';
  if (part.type === 'array')
    return `a list of ${part.items?.enum === undefined ? 'texts' : words(part.items)}`;
  if (part.type === 'object' && part.additionalProperties)
    return `a map of name to ${words(part.additionalProperties)}`;
  return 'a text';
}

function optionOf(key: string, schema: z.ZodType): ConfigOption {
  const meta = schema.meta() as OptionMeta | undefined; // what config-option.ts put there
  if (meta === undefined) throw new Error(`configuration key ${key} has no description`);
  const kind = kindOf(schema);
  return {
    key,
    environmentName: environmentName(key),
    schema,
    kind,
    description: meta.description,
    secret: meta.secret === true,
    defaultValue: schema.safeParse(undefined).data,
    takes:
      kind === 'structure'
        ? `a list of ${key.split('.').at(-1)}`
        : words(z.toJSONSchema(withoutDefault(schema), { io: 'input' }) as JsonSchemaPart),
  };
}

/** The keys of a section and of those below it. */
export function optionsOf(prefix: string, section: z.ZodObject): ConfigOption[] {
  const options: ConfigOption[] = [];
  for (const [name, schema] of Object.entries(section.shape)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const nested = sectionOf(schema);
    if (nested !== undefined) options.push(...optionsOf(key, nested));
    else if (schema instanceof z.ZodType) options.push(optionOf(key, schema));
  }
  return options;
}

function allOptions(): ReadonlyMap<string, ConfigOption> {
  return new Map(optionsOf('', configSchema).map((option) => [option.key, option]));
}

/** Every key, in the order of the schema. */
export const CONFIG_OPTIONS = allOptions();

/** Whether some key lies below this one. */
export function isSection(key: string): boolean {
  return [...CONFIG_OPTIONS.keys()].some((known) => known.startsWith(`${key}.`));
}

/** Edits that turn one word into the other (Levenshtein). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let line = 1; line <= left.length; line++) {
    const next = [line];
    for (let column = 1; column <= right.length; column++) {
      const change = left[line - 1] === right[column - 1] ? 0 : 1;
      next.push(
        Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (row[column - 1] ?? 0) + change),
      );
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** `: did you mean kafka.brokers?`, or nothing when no known name is near. */
export function suggestion(unknownName: string, knownNames: Iterable<string>): string {
  const lastPart = (name: string): string => name.split('.').at(-1)?.toLowerCase() ?? '';
  let best: { name: string; edits: number } | undefined;
  for (const name of knownNames) {
    // The right key in the wrong section is as near as a typing error.
    const misplaced = lastPart(name) === lastPart(unknownName) ? 1 : Number.POSITIVE_INFINITY;
    const edits = Math.min(distance(unknownName.toLowerCase(), name.toLowerCase()), misplaced);
    if (best === undefined || edits < best.edits) best = { name, edits };
  }
  const near = best !== undefined && best.edits <= Math.max(2, Math.floor(unknownName.length / 4));
  return near ? `: did you mean ${best?.name}?` : '';
}
