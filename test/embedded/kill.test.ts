import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { exited, Trial, until } from './trial.ts';

describe('a run', () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await Trial.open();
    await trial.feed((await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat());
  });
  afterAll(() => trial.close());

  test('that is killed in the middle loses nothing', async () => {
    const config = trial.config();
    const killed = trial.command(config, ['run']);
    await until('the process has taken partitions', () => /assigned \d+ partitions/.test(killed.output()));
    killed.kill('SIGKILL');
    await exited(killed);
    const again = trial.command(config, ['run', '--until-idle', '1']);
    expect([await exited(again), again.output().match(/defect/)]).toEqual([0, null]);
    await trial.expectTruth(config);
  });
});
