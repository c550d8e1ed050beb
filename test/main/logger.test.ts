import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/main/logger.ts';

function logged(
  act: (log: ReturnType<typeof createLogger>) => void,
  level: 'info' | 'warn' = 'info',
): string[] {
  const lines: string[] = [];
  act(createLogger({ level, format: 'json' }, 'stdout', { write: (line) => lines.push(line) }));
  return lines;
}

describe('the logger', () => {
  it('writes a line of JSON with time and level as words', () => {
    const [line = ''] = logged((log) => log.info({ topic: 't' }, 'assigned'));
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      msg: 'assigned',
      topic: 't',
      time: expect.stringMatching(/Z$/),
    });
  });

  it('hides secrets at the top and below, librdkafka’s names too', () => {
    const [line = ''] = logged((log) =>
      log.info({
        password: 'hunter2',
        security: { password: 'hunter2', keyPassword: 'hunter2' },
        kafka: { security: { password: 'hunter2' }, global: { 'sasl.password': 'hunter2' } },
        management: { token: 'hunter2' },
        'sasl.password': 'hunter2',
      }),
    );
    expect(line).toContain('<redacted>');
    expect(line).not.toContain('hunter2');
  });

  it('leaves out what is less severe than its level', () => {
    expect(logged((log) => log.info('x'), 'warn')).toEqual([]);
  });
});
