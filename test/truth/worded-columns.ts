import type { EntityName } from '../../src/shared/entity.ts';

/**
 * Columns whose contents the product may choose, each with the reason. What they have to keep to all the same is checked; that they
 * hold no secret is checked with all other columns (planted-secrets.ts).
 */
export const WORDED: Readonly<Partial<Record<EntityName, Readonly<Record<string, string>>>>> = {
  event: {
    summary: 'one readable line, in words of our own',
    details: 'which of the details are worth keeping is not said',
    created_at: 'of events the model document names event_time only',
    updated_at: 'of events the model document names event_time only',
  },
};

/** An event that is seen on a table of states, or of runs, has no name of the tool's own. */
const NAMELESS = /^(tactical-rmm:alerts_alert|fleet-mdm:(host_script_results|policy_membership)):/;

const SUMMARY_CHARACTERS_MAX = 1024;
const DETAILS_BYTES_MAX = 32 * 1024;

export function isWorded(entity: EntityName, key: string, column: string): boolean {
  if (entity === 'event' && column === 'source_type') return NAMELESS.test(key);
  return WORDED[entity]?.[column] !== undefined;
}

/** What is wrong with a worded column's value, or undefined. */
export function problemOf(column: string, value: unknown): string | undefined {
  if (column === 'source_type') return isText(value) ? undefined : 'a text';
  if (column === 'summary') {
    const good = isText(value) && value.length <= SUMMARY_CHARACTERS_MAX && !/[\r\n\u2028\u2029]/.test(value);
    return good ? undefined : 'one line of text';
  }
  if (column !== 'details' || value === undefined) return undefined;
  const good = isText(value) && Buffer.byteLength(value) <= DETAILS_BYTES_MAX && isJson(value);
  return good ? undefined : 'JSON text of 32 KiB at most';
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
