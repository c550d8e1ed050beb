import { afterEach, expect, test } from 'vitest';
import { HANDOVERS } from './hand-overs.ts';
import { describeStack, sharedCassandra, sharedKafka } from './stack.ts';
import { Stage } from './stage.ts';

const ROWS = 300;
const ROUNDS = 30;
const CHANGES = ROWS * ROUNDS;
const PER_SECOND = 1500;
const PARTITIONS = 6;
const DUPLICATES_MAX = 0.05;

for (const handover of HANDOVERS) {
  describeStack(
    `a service whose process comes and goes, ${handover} hand-over`,
    ['kafka', 'cassandra'],
    () => {
      let stage: Stage;

      async function openStage(): Promise<Stage> {
        return await Stage.open({
          kafka: sharedKafka(),
          cassandra: sharedCassandra(),
          partitions: PARTITIONS,
          handover,
        });
      }

      afterEach(() => stage?.close());

      test('loses nothing when it is killed in mid-stream, twice', async () => {
        stage = await openStage();
        const first = stage.run();
        // What waits when it begins may be committed all at once.
        await first.untilReadiness('200 consuming');
        const fed = stage.topics.produce(stage.changes(ROWS, ROUNDS), PER_SECOND);
        await stage.topics.untilCommitted(stage.group, [stage.topic], { records: CHANGES / 6 });
        await first.kill9();
        const { done, all } = await stage.topics.progress(stage.group, [stage.topic]);
        expect(done).toBeLessThan(all);
        const second = stage.run();
        await stage.topics.untilCommitted(stage.group, [stage.topic], { records: done + 1 });
        await second.kill9();
        await fed;
        stage.run();
        await stage.topics.untilCommitted(stage.group, [stage.topic]);
        expect(await stage.rowsByName()).toEqual({ [`round ${ROUNDS}`]: ROWS });
        expect((await stage.analytics()).changes).toBe(CHANGES);
        expect(await stage.deadLetters()).toBe(0);
      });

      test('hands its partitions over to a second instance, and leaves drained at SIGTERM', async () => {
        stage = await openStage();
        const fed = stage.topics.produce(stage.changes(ROWS, ROUNDS), PER_SECOND);
        const first = stage.run();
        await stage.topics.untilCommitted(stage.group, [stage.topic], { records: 1 });
        const second = stage.run();
        await second.untilLogged(`assigned ${PARTITIONS / 2} partitions, ${PARTITIONS / 2} in all`);
        expect(first.logged(`gave up ${PARTITIONS / 2} partitions"`)).toBe(1);
        first.signal('SIGTERM');
        expect(await first.ended).toMatchObject({ code: 0, signal: null });
        expect(first.logged('drained: everything taken from Kafka is committed')).toBe(1);
        await second.untilLogged(`assigned ${PARTITIONS / 2} partitions, ${PARTITIONS} in all`);
        await fed;
        await stage.topics.untilCommitted(stage.group, [stage.topic]);
        expect(await stage.rowsByName()).toEqual({ [`round ${ROUNDS}`]: ROWS });
        const { records, changes } = await stage.analytics();
        expect(changes).toBe(CHANGES);
        expect(records - changes).toBeLessThan(CHANGES * DUPLICATES_MAX);
        expect(await stage.deadLetters()).toBe(0);
      });
    },
  );
}
