import { applySchema } from '../src/cli/schema.ts';
import { must } from '../src/shared/assert.ts';
import type { Mutation } from '../src/shared/mutation.ts';
import type { CassandraSettings } from '../src/shared/settings.ts';
import { BucketLocks, createBoard } from '../src/shared/shared-board.ts';
import type { WriteSettings } from '../src/shared/worker-protocol.ts';
import { createClient, WRITE_OPTIONS } from '../src/workers/stores/cassandra-client.ts';
import { Statements } from '../src/workers/stores/cassandra-statements.ts';
import { CassandraStore } from '../src/workers/stores/cassandra-store.ts';
import { bucketOfId } from '../src/workers/stores/row.ts';
import { Writer } from '../src/workers/write.ts';
import { differing, finalRows, truncateTables } from './cassandra-rows.ts';
import { CheckIns } from './generate.ts';
import {
  type BenchOptions,
  type Figures,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { processTimes } from './machine.ts';
import { benchCassandra } from './servers.ts';
import { mutationOf, newDecoder, newStages, seeReferences, sourceRecord } from './worker-parts.ts';
import { workerSettings } from './worker-settings.ts';

/**
 * A stream in which 20 % of the keys get 80 % of the changes, into a real Cassandra: the product's writer beside one `UPDATE … IF`
 * after another per key, with as many statements in flight. Both must end with the same rows.
 */
export const pipelineCassandra: Subject = {
  name: 'pipeline-cassandra',
  about: 'writes of a skewed stream to a real Cassandra, beside one UPDATE … IF for each change',
  shown: ['rows_per_second', 'server_cpu_us_per_row', 'client_cpu_us_per_row', 'rows_that_differ'],
  rounds: 3,
  // The server's compiler has to have seen both ways to write.
  warmUp: true,
  smoke: false,
  open,
};

/** Changes in hand, as the slots of one worker hold them. */
const CHANGES_IN_HAND = 16 * 400;
const CHANGES_PER_BATCH = 400;

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchCassandra();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  const changes = await skewedStream(recordCount(options, 60_000, 500));
  const keys = new Set(changes.map(({ id }) => id)).size;
  const { store: mine, write } = workerSettings(server.address, 'bench_writer');
  const { store: plain } = workerSettings(server.address, 'bench_plain');
  for (const settings of [mine, plain]) await applySchema(settings);
  const finals = new Map<string, string[]>();
  const arm = (name: string, settings: CassandraSettings, other: string, send: () => Promise<void>) => ({
    name,
    measure: async (): Promise<Figures> => {
      await truncateTables(settings, ['devices']);
      const figures = await measureSend(server.pid, send, changes.length);
      finals.set(settings.keyspace, await finalRows(settings));
      const differ = differing(finals.get(settings.keyspace), finals.get(other));
      if (differ > 0) throw new Error(`${differ} rows differ between the two ways to write`);
      return { ...figures, rows_that_differ: differ };
    },
  });
  return {
    arms: [
      arm('writer, conditional batches', mine, plain.keyspace, () => throughWriter(mine, write, changes)),
      arm('one UPDATE … IF per change', plain, mine.keyspace, () =>
        oneByOne(plain, write.statementsMax, changes),
      ),
    ],
    settings: {
      changes: changes.length,
      keys,
      buckets: mine.buckets,
      ...write,
    },
    versions: started.versions,
    notes: [
      'A row is one change of the stream. The plain arm knows every stored version, so that each change costs it one statement.',
    ],
    close: () => server.stop(),
  };
}

async function skewedStream(count: number): Promise<Mutation[]> {
  const decoder = newDecoder();
  const checkIns = new CheckIns({ keys: Math.ceil(count / 12), hot: true });
  const stages = newStages(decoder, () => checkIns.topic);
  await seeReferences(stages);
  const changes = Array.from({ length: count }, (_, index) => {
    const { key, value } = checkIns.record(index);
    return mutationOf(decoder, sourceRecord(checkIns.topic, index, key, value));
  });
  await stages.enricher.enrich(changes);
  return changes;
}

async function measureSend(serverPid: number, send: () => Promise<void>, rows: number): Promise<Figures> {
  const server = processTimes(serverPid);
  const client = process.cpuUsage();
  const started = performance.now();
  await send();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(client);
  return {
    rows_per_second: rows / seconds,
    server_cpu_us_per_row: ((processTimes(serverPid).cpuSeconds - server.cpuSeconds) / rows) * 1e6,
    client_cpu_us_per_row: (user + system) / rows,
  };
}

/** As a worker does: batches are submitted while there is room, the writer merges and batches what waits. */
async function throughWriter(
  settings: CassandraSettings,
  write: WriteSettings,
  changes: readonly Mutation[],
): Promise<void> {
  const store = new CassandraStore(settings, createClient(settings));
  const writer = new Writer(store, write, new BucketLocks(createBoard(1)), {
    retried: () => undefined,
    wrote: () => undefined,
    circuitChanged: () => undefined,
    now: Date.now,
  });
  let inHand = 0;
  let next = 0;
  await new Promise<void>((resolve, reject) => {
    const submit = (): void => {
      while (next < changes.length && inHand + CHANGES_PER_BATCH <= CHANGES_IN_HAND) {
        for (const change of changes.slice(next, next + CHANGES_PER_BATCH)) {
          inHand += 1;
          writer.submit(change, next, decided);
          next += 1;
        }
        writer.flush();
      }
      if (next >= changes.length && inHand === 0) resolve();
    };
    const decided = (_: number, result: unknown): void => {
      inHand -= 1;
      if (typeof result !== 'string') reject(new Error('the store refused a change'));
      else if (inHand % CHANGES_PER_BATCH === 0) setImmediate(submit);
    };
    submit();
  });
  writer.close();
  await store.close();
}

/** Every change its own conditional statement; changes of one key one after another, different keys side by side. */
async function oneByOne(
  settings: CassandraSettings,
  inFlight: number,
  changes: readonly Mutation[],
): Promise<void> {
  const client = createClient(settings);
  await client.connect();
  const statements = new Statements(settings.keyspace, settings);
  const lanes = Array.from({ length: inFlight }, (): Mutation[] => []);
  for (const change of changes) must(lanes[bucketOfId(change.id, inFlight)], 'lane').push(change);
  await Promise.all(
    lanes.map(async (lane) => {
      const known = new Map<string, string>();
      for (const change of lane) {
        const version = known.get(change.id) ?? null;
        const { query, params } = statements.conditional(change, bucketOfId(change.id, settings.buckets), {
          version,
          carry: null,
        });
        const result = await client.execute(query, params, WRITE_OPTIONS);
        if (!result.wasApplied())
          throw new Error(`the change ${change.version} of ${change.id} was not applied`);
        known.set(change.id, change.version);
      }
    }),
  );
  await client.shutdown();
}
