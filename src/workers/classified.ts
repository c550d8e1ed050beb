import type { Tool } from '../shared/entity.ts';
import type { EventClass, EventTypes } from '../shared/event-type.ts';
import type { Convert } from './conversions.ts';
import type { Row } from './row.ts';

/** The tool's own name of an event, and what else tells it from others of that name. */
export interface EventName {
  readonly sourceType: string;
  readonly qualifier?: string | number | undefined;
}

/**
 * The columns `source_type`, `event_type` and `severity` of an event. `nameOf` answers undefined where the row does not tell (a
 * value that was not sent); unmapped names are left at the row, for the decoder to count.
 */
export function classified(
  types: EventTypes,
  tool: Tool,
  nameOf: (row: Row) => EventName | undefined,
): Readonly<Record<'source_type' | 'event_type' | 'severity', Convert>> {
  const classOf = (row: Row): EventClass | undefined => {
    const name = nameOf(row);
    return name && types.classify(tool, name.sourceType, name.qualifier);
  };
  return {
    source_type: (row) => nameOf(row)?.sourceType ?? null,
    event_type: (row) => {
      const name = nameOf(row);
      const found = name && types.classify(tool, name.sourceType, name.qualifier);
      if (name !== undefined && found?.mapped === false)
        row.unmappedEvents.push({ tool, sourceType: name.sourceType });
      return found?.type ?? null;
    },
    severity: (row) => classOf(row)?.severity ?? null,
  };
}
