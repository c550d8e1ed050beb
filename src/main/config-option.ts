import * as z from 'zod';

/** What the table of options knows of a key beside its type and default. */
export interface OptionMeta {
  readonly description: string;
  readonly secret?: boolean;
}

/** How the options of one kind are written; the section files read like a table of them. */

export function text(initial: string, description: string) {
  return z.string().min(1).default(initial).meta({ description });
}

export function optionalText(description: string) {
  return z.string().min(1).optional().meta({ description });
}

export function flag(initial: boolean, description: string) {
  return z.boolean().default(initial).meta({ description });
}

export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  initial: Values[number],
  description: string,
) {
  // The default is one of the values by its type; zod's own signature only sees the widened form.
  return z
    .enum(values)
    .default(initial as never)
    .meta({ description });
}

/** A whole number between two limits, both included. */
export function whole(initial: number, limits: readonly [number, number], description: string) {
  return z.number().int().min(limits[0]).max(limits[1]).default(initial).meta({ description });
}

export function texts(initial: readonly string[], description: string) {
  return z
    .array(z.string().min(1))
    .default([...initial])
    .meta({ description });
}

/** A secret and its twin that names a file to read it from. */
export function secretText(description: string) {
  return z.string().min(1).optional().meta({ description, secret: true });
}

export function secretFile(key: string) {
  return optionalText(`Path of a file that holds \`${key}\`; a line end at its end is left out.`);
}

/** Longest time-out that Node's timers keep. */
export const TIMER_MAX_MS = 2_147_483_647;
const KIB = 1024;
export const MIB = KIB * KIB;
