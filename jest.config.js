// The tests use the package as its users do: `import ... from 'llama-ts'` is what `npm run build` made.
const { availableParallelism } = require('node:os');

// `npm run test:all` (jest.all.config.js) runs these too, and the tests that are marked `thorough`: what CI and a release need,
// and a change to one room seldom breaks.
const longOnes = ['mpi', 'nix', 'packaging', 'web/browser'];

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: process.env.LLAMA_TS_TEST_ALL ? [] : [`/test/(${longOnes.join('|')})\\.test\\.ts$`],
  transform: { '\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.test.json', diagnostics: false }] },
  moduleNameMapper: {
    '^llama-ts$': '<rootDir>/dist/lib/index.js',
    '^llama-ts/(ai-sdk|langchain)$': '<rootDir>/dist/lib/$1.js',
    '^llama-ts/server$': '<rootDir>/dist/lib/server/index.js',
    '^marked$': '<rootDir>/node_modules/marked/lib/marked.umd.js', // its main file is an ECMAScript module
  },
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/bench'],
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 300_000, // for what hangs: a loaded machine, or a sanitizer, takes several times what a quiet one does
};
