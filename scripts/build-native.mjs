import { ensureAddon } from './ready.mjs';

// After npm has installed the dependencies: node-rdkafka, against which the addon is compiled, is there by then.
ensureAddon();
