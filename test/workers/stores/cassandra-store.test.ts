import { afterAll, beforeAll, describe } from 'vitest';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import {
  dropKeyspace,
  keyspaceName,
  makeKeyspace,
  SERVER,
  SKIPPED,
  settingsFor,
} from './cassandra-server.ts';
import { storeConformance } from './conformance.ts';

describe.skipIf(SERVER === undefined)(`on a real Cassandra${SKIPPED}`, () => {
  const settings = settingsFor(keyspaceName('store'));
  beforeAll(() => makeKeyspace(settings), 120_000);
  afterAll(() => dropKeyspace(settings), 60_000);
  storeConformance('the Cassandra store', (keep) => openStore({ ...settings, ...keep }));
});
