import { startCassandra } from './cassandra.ts';
import { startKafka } from './kafka.ts';
import { cleanDeadRuns, serverFolder } from './runs.ts';

// Servers for whoever works on a test over them (docs/development.md). They end with this process.
cleanDeadRuns();
const [kafka, cassandra] = await Promise.all([
  startKafka({ dir: serverFolder('kafka') }),
  startCassandra({ dir: serverFolder('cassandra') }),
]);
process.stdout.write(`TEST_KAFKA=${kafka.address} TEST_CASSANDRA=${cassandra.address}\n`);
