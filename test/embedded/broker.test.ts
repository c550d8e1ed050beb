import { expect, test } from 'vitest';
import { EmbeddedBroker } from '../../src/cli/embedded-broker.ts';

test('the embedded broker tells a topic’s partitions at the first asking', async () => {
  const broker = await EmbeddedBroker.start();
  try {
    expect(await Promise.all(['a.b.c', 'd.e.f'].map((topic) => broker.topic(topic)))).toEqual([4, 4]);
  } finally {
    await broker.close();
  }
});
