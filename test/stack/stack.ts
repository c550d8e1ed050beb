import { describe } from 'vitest';
import { requireStack, type StackPart } from './requirements.ts';

/** A suite over real servers; where one of them cannot run it is skipped and its name says why. */
export function describeStack(name: string, parts: readonly StackPart[], body: () => void): void {
  const missing = requireStack(parts);
  describe.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (skipped: ${missing})`,
    body,
  );
}

/** Address of the Kafka broker that all tests share. */
export function sharedKafka(): string {
  return sharedAddress('TEST_KAFKA');
}

/** Address of the Cassandra node that all tests share. */
export function sharedCassandra(): string {
  return sharedAddress('TEST_CASSANDRA');
}

function sharedAddress(variable: 'TEST_KAFKA' | 'TEST_CASSANDRA'): string {
  const address = process.env[variable];
  if (address === undefined) {
    throw new Error(`${variable} is not set: run this test in vitest's project "stack"`);
  }
  return address;
}
