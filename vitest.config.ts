import { defineConfig } from 'vitest/config';

const OVER_REAL_SERVERS = ['test/stack/**/*.test.ts', 'test/workers/stores/cassandra*.test.ts'];
const EMBEDDED = ['test/embedded/**/*.test.ts'];

const overMockBroker = {
  // librdkafka's mock broker takes three seconds for a first group join, more on busy cores.
  testTimeout: 90_000,
  hookTimeout: 90_000,
  fileParallelism: false,
};

export default defineConfig({
  test: {
    // A process for each test file: native addons (node-rdkafka, lmdb) do not survive a worker thread's end.
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...OVER_REAL_SERVERS, ...EMBEDDED],
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { ...overMockBroker, name: 'embedded', include: EMBEDDED, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          ...overMockBroker,
          name: 'embedded-plain',
          include: EMBEDDED,
          // They compare the two hand-overs, or have none.
          exclude: ['handover', 'broker', 'sanitized-addon'].map((name) => `test/embedded/${name}.test.ts`),
          env: { OPENFRAME_STREAM_HANDOVER: 'plain' },
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'stack',
          include: OVER_REAL_SERVERS,
          globalSetup: ['test/setup/stack.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          // The servers take the machine's cores; tests beside each other would measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
