export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it; empty when nothing. */
  readonly advice: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, advice: '' };
}

export function warn(check: string, detail: string, advice: string): Finding {
  return { check, status: 'warn', detail, advice };
}

export function fail(check: string, detail: string, advice: string): Finding {
  return { check, status: 'fail', detail, advice };
}
