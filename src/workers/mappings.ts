import type { EventTypes } from './classified.ts';
import type { Mapping } from './mapping.ts';
import { authentik } from './sources/authentik.ts';
import { fleetMdm } from './sources/fleet-mdm.ts';
import { meshcentral } from './sources/meshcentral.ts';
import { tacticalRmm } from './sources/tactical-rmm.ts';

/** Every mapping by its message type's name. `eventTypes` tells what the tools' names of events mean. */
export function mappings(_eventTypes: EventTypes): Readonly<Record<string, Mapping>> {
  return {
    ...tacticalRmm,
    ...fleetMdm,
    ...meshcentral,
    ...authentik,
  };
}
