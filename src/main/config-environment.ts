import { parse } from 'yaml';
import type { FileContents, GivenValue } from './config-file.ts';
import { CONFIG_OPTIONS, type ConfigOption, ENVIRONMENT_PREFIX, suggestion } from './config-table.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file; the one variable with our prefix that is no key. */
export const CONFIG_FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG`;

/**
 * Kubernetes puts variables into every container for every service of the name space: a service called `openframe-stream` makes
 * OPENFRAME_STREAM_SERVICE_HOST, OPENFRAME_STREAM_PORT=tcp://… and so on. They are nobody's mistake.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(name))
    return true;
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value);
}

/** A value written as text, as flags and environment variables are. What does not fit stays text and fails the check of its key. */
export function valueOfText(option: ConfigOption, written: string): unknown {
  switch (option.kind) {
    case 'number':
      return /^-?\d+$/.test(written) ? Number(written) : written;
    case 'boolean':
      return written === 'true' ? true : written === 'false' ? false : written;
    case 'list':
      return written === '' ? [] : written.split(',').map((part) => part.trim());
    case 'map':
      return written === '' ? {} : Object.fromEntries(written.split(',').map((pair) => splitPair(pair)));
    case 'structure':
      try {
        return parse(written);
      } catch {
        return written;
      }
    case 'text':
      return written;
  }
}

/** `name=value`; without a `=` the value is empty. */
export function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/** Every variable with our prefix. An empty one counts as not set: that is how charts and compose files leave one out. */
export function readEnvironment(environment: Environment): FileContents {
  const byName = new Map([...CONFIG_OPTIONS.values()].map((option) => [option.environmentName, option]));
  const values: GivenValue[] = [];
  const problems: string[] = [];
  for (const [name, written] of Object.entries(environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_FILE_VARIABLE || !written) continue;
    const option = byName.get(name);
    if (option !== undefined)
      values.push({ key: option.key, value: valueOfText(option, written), place: name });
    else if (!isServiceLink(name, written)) {
      problems.push(`unknown environment variable ${name}${suggestion(name, byName.keys())}`);
    }
  }
  return { values, problems };
}
