// The tests use the package as its users do: `import ... from 'llama-ts'` is what `npm run build` made.
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.test.json', diagnostics: false }] },
  moduleNameMapper: { '^llama-ts$': '<rootDir>/dist/lib/index.js' },
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/bench'],
  testTimeout: 300_000, // for what hangs: a loaded machine, or a sanitizer, takes several times what a quiet one does
};
