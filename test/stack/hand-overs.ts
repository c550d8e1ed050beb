import { afterAll, beforeAll } from 'vitest';

/** Both hand-overs pass the same suites. */
export const HANDOVERS = ['native', 'plain'] as const;

const VARIABLE = 'OPENFRAME_STREAM_HANDOVER';

/** Within a `describe`: the services that it starts have this hand-over. */
export function useHandover(handover: (typeof HANDOVERS)[number]): void {
  const before = process.env[VARIABLE];
  beforeAll(() => {
    process.env[VARIABLE] = handover;
  });
  afterAll(() => {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  });
}
