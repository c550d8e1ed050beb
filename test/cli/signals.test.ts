import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { hearSignals } from '../../src/cli/signals.ts';

function heard() {
  const source = new EventEmitter();
  let again = 0;
  const signals = hearSignals(() => {
    again += 1;
  }, source);
  return { source, signals, again: () => again };
}

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'])('tell the first of them, which is %s', async (name) => {
    const { source, signals, again } = heard();
    source.emit(name, name);
    expect(await signals.first).toBe(name);
    expect(again()).toBe(0);
  });

  test('that come both at once count as two', async () => {
    const { source, signals, again } = heard();
    source.emit('SIGINT', 'SIGINT');
    source.emit('SIGTERM', 'SIGTERM');
    expect(await signals.first).toBe('SIGINT');
    expect(again()).toBe(1);
  });

  test('are left to Node once they are forgotten', () => {
    const { source, signals } = heard();
    signals.forget();
    expect(source.emit('SIGTERM', 'SIGTERM')).toBe(false);
    expect(source.emit('SIGINT', 'SIGINT')).toBe(false);
  });
});
