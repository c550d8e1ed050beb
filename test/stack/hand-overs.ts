/** Both hand-overs pass the same suites. */
export const HANDOVERS = ['native', 'plain'] as const;

export type Handover = (typeof HANDOVERS)[number];
