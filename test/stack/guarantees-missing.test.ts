import { beforeAll, expect, test } from 'vitest';
import { freePort } from './ports.ts';
import { RunProcess } from './run-process.ts';
import { runProgram } from './service.ts';
import { describeStack, sharedCassandra, sharedKafka } from './stack.ts';

const ENDS_WITHIN_MS = 10_000;

interface Told {
  readonly code: number | null;
  readonly text: string;
}

describeStack('a start without what it needs', ['kafka', 'cassandra'], () => {
  // Compiles, if that is due, before anything is measured.
  beforeAll(() => void runProgram(['topics', 'apply', '--set', `kafka.brokers=${sharedKafka()}`]));

  /** Runs the service with these settings and answers how it ended, in time. */
  async function told(...settings: readonly string[]): Promise<Told> {
    const common = ['management.port=0', `store.cassandra.contactPoints=${sharedCassandra()}`];
    const started = performance.now();
    const run = new RunProcess([...common, ...settings].flatMap((setting) => ['--set', setting]));
    const { code, stderr } = await run.ended;
    expect(performance.now() - started).toBeLessThan(ENDS_WITHIN_MS);
    expect(stderr).not.toContain('defect');
    return { code, text: stderr };
  }

  test('ends soon and names the address at which no broker answers', async () => {
    const broker = `127.0.0.1:${await freePort()}`;
    const { code, text } = await told(`kafka.brokers=${broker}`);
    expect(code).toBe(1);
    expect(text).toContain(`no broker at ${broker} (kafka.brokers)`);
    expect(text).toContain('Connection refused');
  });

  test('ends soon and names the command that makes the missing keyspace', async () => {
    const { code, text } = await told(
      `kafka.brokers=${sharedKafka()}`,
      `store.cassandra.keyspace=missing_${process.pid}`,
    );
    expect(code).toBe(1);
    expect(text).toContain(`create keyspace missing_${process.pid}`);
    expect(text).toContain('openframe-stream schema apply');
  });

  test('ends soon and says that no Cassandra answers', async () => {
    const node = `127.0.0.1:${await freePort()}`;
    const { code, text } = await told(
      `kafka.brokers=${sharedKafka()}`,
      `store.cassandra.contactPoints=${node}`,
    );
    expect(code).toBe(1);
    expect(text).toContain(node);
  });

  test('ends with 2 and names the key that the configuration does not know', async () => {
    const { code, text } = await told('kafka.broker=localhost:9092');
    expect(code).toBe(2);
    expect(text).toContain('kafka.broker');
  });
});
