import { describe, expect, test } from 'vitest';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { exited, Trial, until } from './trial.ts';

describe('two processes of one group', () => {
  test('share the work, and the one that stays takes over when the other leaves', async () => {
    const trial = await Trial.open();
    try {
      const records = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat();
      await trial.makeTopics(records);
      const half = Math.floor(records.length / 2);
      await trial.feed(records.slice(0, half));
      const config = trial.config();
      const leaving = trial.command(config, ['run']);
      await until('the first has partitions', () => /assigned \d+ partitions/.test(leaving.output()));
      const staying = trial.command(config, ['run', '--until-idle', '3']);
      await until('the second has partitions', () => /assigned \d+ partitions/.test(staying.output()));
      const fed = trial.feed(records.slice(half));
      leaving.kill('SIGTERM');
      await fed;
      expect(await exited(leaving)).toBe(0);
      expect(leaving.output()).toContain('drained: everything taken from Kafka is committed');
      expect(await exited(staying)).toBe(0);
      await trial.expectTruth(config);
    } finally {
      await trial.close();
    }
  });
});
