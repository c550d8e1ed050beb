#!/usr/bin/env node
// The package's command. In a clone it compiles first when that is due; an installed package brings dist along.
import { ensureBuilt } from '../scripts/ready.mjs';

ensureBuilt();
await import('../dist/cli/openframe-stream.js');
