import { Client } from 'cassandra-driver';
import { AdminClient } from 'node-rdkafka';
import { expect, test } from 'vitest';
import { describeStack, sharedCassandra, sharedKafka } from './stack.ts';

describeStack('the shared servers', ['kafka', 'cassandra'], () => {
  test('Kafka makes a topic', async () => {
    const admin = AdminClient.create({ 'bootstrap.servers': sharedKafka() });
    const topic = `servers-test-${process.pid}`;
    await new Promise<void>((resolve, reject) => {
      admin.createTopic({ topic, num_partitions: 2, replication_factor: 1 }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
    admin.disconnect();
  });

  test('Cassandra answers a query with its version', async () => {
    const client = new Client({ contactPoints: [sharedCassandra()], localDataCenter: 'datacenter1' });
    const result = await client.execute('SELECT release_version FROM system.local');
    await client.shutdown();
    expect(result.first().release_version).toMatch(/^5\./);
  });
});
