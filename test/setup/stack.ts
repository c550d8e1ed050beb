import { startCassandra } from '../stack/cassandra.ts';
import { startKafka } from '../stack/kafka.ts';
import { requireStack } from '../stack/requirements.ts';
import { cleanDeadRuns, serverFolder } from '../stack/runs.ts';

/**
 * Starts the servers that all tests of the project "stack" share. Addresses given by hand are taken as they are: whoever works on one
 * of these tests keeps the servers running between its runs.
 */
export async function setup(): Promise<() => Promise<void>> {
  cleanDeadRuns();
  const missing = requireStack(['kafka', 'cassandra']);
  if (missing !== undefined) {
    process.stdout.write(`The tests over real servers are skipped: ${missing}.\n`);
    return async () => undefined;
  }
  const started = await Promise.allSettled([shareKafka(), shareCassandra()]);
  const stop = async () => {
    await Promise.all(started.map((server) => (server.status === 'fulfilled' ? server.value() : undefined)));
    // Servers of test files whose process was ended with them running.
    cleanDeadRuns();
  };
  const failed = started.find((server) => server.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return stop;
}

async function shareKafka(): Promise<() => Promise<void>> {
  if (process.env.TEST_KAFKA !== undefined) {
    return async () => undefined;
  }
  const kafka = await startKafka({ dir: serverFolder('kafka') });
  process.env.TEST_KAFKA = kafka.address;
  return () => kafka.stop();
}

async function shareCassandra(): Promise<() => Promise<void>> {
  if (process.env.TEST_CASSANDRA !== undefined) {
    return async () => undefined;
  }
  const cassandra = await startCassandra({ dir: serverFolder('cassandra') });
  process.env.TEST_CASSANDRA = cassandra.address;
  return () => cassandra.stop();
}
