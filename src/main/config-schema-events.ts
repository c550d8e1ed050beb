import * as z from 'zod';
import { TOOLS } from '../shared/entity.ts';
import { type EventTypeMapping, problemOf } from '../shared/event-type.ts';
import { SEVERITIES } from '../shared/event-types/unified.ts';

const eventType = z
  .strictObject({
    tool: z.enum(TOOLS),
    sourceType: z.string().min(1),
    eventType: z.string(),
    severity: z.enum(SEVERITIES).optional(),
  })
  .superRefine((mapping: EventTypeMapping, context) => {
    const message = problemOf(mapping);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['eventType'], message });
  });

/** `events.types` */
export const eventTypes = z
  .array(eventType)
  .default([])
  .meta({
    description:
      'Event types beside the known ones, or in place of them, each with `tool`, `sourceType` (the tool’s own name), `eventType` (a ' +
      'unified type, or a new name in upper case letters and _) and, for a new name, `severity` (`INFO`, `WARNING`, `ERROR` or ' +
      '`CRITICAL`). In an environment variable: YAML or JSON text.',
  });
