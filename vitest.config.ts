import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// What .ci/run counts from.
const report: [string, object] = ['json', { outputFile: '.cache/test-report.json' }]

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'test/**/*.test.{ts,tsx}',
      'bench/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: 'test/kit/global-redis.ts',
    // One file per core, and two even where there is one: most files wait for Redis more than they compute.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 30_000, // only a test that hangs gets there; the slowest one starts processes and takes seconds
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    reporters: ['default', 'hanging-process', ...(process.env['CI'] ? [report] : [])],
  },
})
