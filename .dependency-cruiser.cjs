/**
 * The shape of src: who may know whom. Threads share nothing but bytes and plain data, so the main thread's code and the workers' never
 * import each other; what both need is in shared, which knows neither. The command line stands on top and nothing imports it.
 */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'A cycle cannot be understood or tested from any of its ends. Types alone are erased and may refer to each other.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'main-knows-no-worker',
      severity: 'error',
      comment: 'The main thread talks to workers through shared memory and shared/worker-protocol; it names only their entry file.',
      from: { path: '^src/main/' },
      to: { path: '^src/workers/' },
    },
    {
      name: 'workers-know-no-main',
      severity: 'error',
      from: { path: '^src/workers/' },
      to: { path: '^src/main/' },
    },
    {
      name: 'shared-knows-neither',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/(main|workers|cli)/' },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { path: '^src/(main|workers|shared)/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'node-rdkafka-stays-on-the-main-thread',
      severity: 'error',
      comment: 'The addon aborts the process when it is loaded in a worker thread.',
      from: { path: '^src/(workers|shared)/' },
      to: { path: 'node_modules/node-rdkafka/' },
    },
    {
      name: 'product-code-imports-no-tests-or-benches',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      comment: 'A package that only comes along with another one can be gone after any update.',
      from: { path: '^(src|bench|test)/' },
      to: { dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-package-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
