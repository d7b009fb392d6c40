// jest's environment for node, where what a test finds out when it is about to start can skip it: `nativeOutcome` of the test file
// (test/support/native.ts) is asked for each test's outcome, and one that says "skipped" is skipped, with its reason in the name.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async handleTestEvent({ name, test }) {
    if (name !== 'test_start') return;
    const outcome = await this.global.nativeOutcome?.(test.name);
    if (outcome?.state !== 'skipped') return;
    test.mode = 'skip';
    test.name += ` (skipped: ${outcome.message})`;
  }
};
