// Every test. The workers that run them are told by their environment.
process.env.LLAMA_TS_TEST_ALL = '1';

module.exports = require('./jest.config.js');
