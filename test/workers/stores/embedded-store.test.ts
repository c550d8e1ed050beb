import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openStore } from '../../../src/workers/stores/open-store.ts';
import { storeConformance } from './conformance.ts';

const path = mkdtempSync(join(tmpdir(), 'embedded-store-'));
afterAll(() => rmSync(path, { recursive: true, force: true }));

storeConformance('the embedded store', (keep) =>
  openStore({
    kind: 'embedded',
    path,
    buckets: 4,
    deletedKeepSeconds: 3600,
    historyKeepSeconds: 3600,
    ...keep,
  }),
);
