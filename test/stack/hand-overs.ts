import { afterAll, beforeAll } from 'vitest';

/** Both hand-overs pass the same suites. */
export const HANDOVERS = ['native', 'plain'] as const;

export const HANDOVER_VARIABLE = 'OPENFRAME_STREAM_HANDOVER';

/** Within a `describe`: the services that it starts have this hand-over. */
export function useHandover(handover: (typeof HANDOVERS)[number]): void {
  const before = process.env[HANDOVER_VARIABLE];
  beforeAll(() => {
    process.env[HANDOVER_VARIABLE] = handover;
  });
  afterAll(() => {
    if (before === undefined) delete process.env[HANDOVER_VARIABLE];
    else process.env[HANDOVER_VARIABLE] = before;
  });
}

/** Throws if a service has worked with another hand-over than the suite is about. */
export function checkHandover(log: string): void {
  const used = /"(native|plain) hand-over"/.exec(log)?.[1];
  const wanted = process.env[HANDOVER_VARIABLE] ?? 'native';
  if (used !== undefined && used !== wanted)
    throw new Error(`the service had the ${used} hand-over, and this suite is about the ${wanted} one`);
}
