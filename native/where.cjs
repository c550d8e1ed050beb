// Where binding.gyp finds what it compiles against: `node where.cjs node-rdkafka|nan|version`.
const { dirname } = require('node:path');

const rdkafka = dirname(require.resolve('node-rdkafka/package.json'));
const answers = {
  'node-rdkafka': () => rdkafka,
  // The one that node-rdkafka itself was compiled with.
  nan: () => dirname(require.resolve('nan/package.json', { paths: [rdkafka] })),
  version: () => require('node-rdkafka/package.json').version,
};
process.stdout.write(answers[process.argv[2]]());
