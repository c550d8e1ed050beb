import type { EventTypes } from '../shared/event-type.ts';
import type { Mapping } from './mapping.ts';
import { authentik, authentikEvents } from './sources/authentik.ts';
import { fleetMdm } from './sources/fleet-mdm.ts';
import { fleetMdmEvents } from './sources/fleet-mdm-events.ts';
import { meshcentral } from './sources/meshcentral.ts';
import { meshcentralEvents } from './sources/meshcentral-events.ts';
import { tacticalRmm } from './sources/tactical-rmm.ts';
import { tacticalRmmEvents } from './sources/tactical-rmm-events.ts';

/** Every mapping by its message type's name. `eventTypes` tells what the tools' names of events mean. */
export function mappings(eventTypes: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    ...tacticalRmm,
    ...tacticalRmmEvents(eventTypes),
    ...fleetMdm,
    ...fleetMdmEvents(eventTypes),
    ...meshcentral,
    ...meshcentralEvents(eventTypes),
    ...authentik,
    ...authentikEvents(eventTypes),
  };
}
