/** Pages of docs/ whose JavaScript needs more than Node and llama-ts: test/pages.test.ts runs it, and test/docs.test.ts leaves it out. */
export const staged: readonly string[] = ['bundlers.md', 'nextjs.md', 'electron.md', 'server-sent-events.md'];
