import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// What .ci/run counts from.
const report: [string, object] = ['json', { outputFile: '.cache/test-report.json' }]

const exclude = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    // One file per core and one more: half of the time most files wait for Redis and for processes.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000, // only a test that hangs gets there; the slowest one starts processes and takes seconds
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    reporters: ['default', 'hanging-process', ...(process.env['CI'] ? [report] : [])],
    // What is built is imported as it is: through vite, each file would transform a hundred modules anew.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: ['packages/*/src/**/*.test.ts'],
          exclude,
          // They need nothing around them and leave nothing behind: to start a process for each took longer than they do.
          isolate: false,
          unstubGlobals: true,
          restoreMocks: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['examples/*/src/**/*.test.ts', 'test/**/*.test.{ts,tsx}', 'bench/**/*.test.ts'],
          exclude,
          globalSetup: 'test/kit/global-redis.ts',
        },
      },
    ],
  },
})
