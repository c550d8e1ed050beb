import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCassandra } from './cassandra.ts';
import { HANDOVERS } from './hand-overs.ts';
import { serverFolder } from './runs.ts';
import type { Server } from './server.ts';
import { describeStack, sharedKafka } from './stack.ts';
import { Stage } from './stage.ts';

const AWAY = '503 the store is away';
const BACK = '200 consuming';
const MAX_POLL_INTERVAL_MS = 8000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const handover of HANDOVERS) {
  describeStack(`a store that is away, ${handover} hand-over`, ['kafka', 'cassandra'], () => {
    let cassandra: Server;
    let stage: Stage;

    beforeAll(async () => {
      cassandra = await startCassandra({ dir: serverFolder('cassandra'), commitLog: 'batch' });
    });

    afterAll(() => cassandra?.stop());

    beforeEach(async () => {
      stage = await Stage.open({
        kafka: sharedKafka(),
        cassandra: cassandra.address,
        partitions: 3,
        handover,
        // The group would give a consumer up that does not poll during the outage.
        consumer: { maxPollIntervalMs: MAX_POLL_INTERVAL_MS },
        pipeline: { drainTimeoutMs: MAX_POLL_INTERVAL_MS / 2 },
      });
    });

    afterEach(() => stage?.close());

    test('pauses consumption, keeps the membership, dead-letters nothing, and work resumes by itself', async () => {
      const [rows, rounds] = [300, 30];
      const run = stage.run();
      await run.untilReadiness(BACK);
      const fed = stage.topics.produce(stage.changes(rows, rounds), 500);
      await stage.topics.untilCommitted(stage.group, [stage.topic], { records: 1000 });
      await cassandra.kill9();
      await fed;
      // However quick the service was: these have to be written while the store is away.
      await stage.topics.produce(Array.from({ length: rows }, (_, row) => stage.change(row, 'meanwhile')));
      await run.untilReadiness(AWAY);
      await sleep(MAX_POLL_INTERVAL_MS + 2000);
      expect(await run.readiness()).toBe(AWAY);
      const { done, all } = await stage.topics.progress(stage.group, [stage.topic]);
      expect(done).toBeLessThan(all);
      await cassandra.restart();
      await run.untilReadiness(BACK);
      await stage.topics.untilCommitted(stage.group, [stage.topic]);
      expect(run.logged('"assigned ')).toBe(1);
      expect(run.logged('"gave up ')).toBe(0);
      expect(await stage.rowsByName()).toEqual({ meanwhile: rows });
      expect((await stage.analytics()).changes).toBe(rows * (rounds + 1));
      expect(await stage.deadLetters()).toBe(0);
    });

    test('makes the service slower and never larger', async () => {
      const [rows, rounds] = [4000, 50];
      // All but the last round keep the name: a rename is followed at everything that may show it, which is not what this is about.
      const changes = Array.from({ length: rounds }, (_, index) =>
        index + 1 < rounds ? 'as it was' : 'at last',
      ).flatMap((name) => Array.from({ length: rows }, (_, row) => stage.change(row, name)));
      const run = stage.run();
      await run.untilReadiness(BACK);
      process.kill(cassandra.pid, 'SIGSTOP');
      try {
        await Promise.all([stage.topics.produce(changes), sleep(15_000)]);
        await run.untilReadiness(AWAY);
      } finally {
        process.kill(cassandra.pid, 'SIGCONT');
      }
      await stage.topics.untilCommitted(stage.group, [stage.topic]);
      // It polled all the time, however full it was.
      expect([run.logged('"assigned '), run.logged('"gave up ')]).toEqual([1, 0]);
      expect(run.peakMb).toBeLessThan(500);
      expect(await stage.rowsByName()).toEqual({ 'at last': rows });
      expect(await stage.deadLetters()).toBe(0);
    });
  });
}
