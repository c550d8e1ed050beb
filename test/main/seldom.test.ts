import { expect, test } from 'vitest';
import { Seldom } from '../../src/main/seldom.ts';

test('a line comes through once in ten seconds, and another one is not held up by it', () => {
  let now = 1;
  const seldom = new Seldom({ now: () => now });
  const at = (time: number, text: string): boolean => {
    now = 1 + time;
    return seldom.isDue(text);
  };
  expect([at(0, 'away'), at(100, 'away'), at(200, 'refused'), at(9999, 'away')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect([at(10_001, 'away'), at(10_002, 'away')]).toEqual([true, false]);
});
