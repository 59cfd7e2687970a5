// Says what vitest's report says, in one line: `N passed, N failed, N skipped`. Fails unless tests ran and all passed.
import { readFileSync } from 'node:fs'

const [, , file] = process.argv
const report = readReport(file)

// A file that breaks before its first test has no failed test to count; it counts as one, or it would go unseen.
const broken = report.testResults.filter(
  (suite) => suite.status === 'failed' && !suite.assertionResults.some(isFailed),
)
for (const suite of broken) console.log(`ci: ${suite.name} could not run`)

const passed = report.numPassedTests
const failed = report.numFailedTests + broken.length
const skipped = report.numPendingTests + (report.numTodoTests ?? 0)
if (passed + failed === 0) console.log('ci: no test ran')
else if (failed === 0 && !report.success) console.log('ci: the run failed outside of its tests')
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = report.success && failed === 0 && passed > 0 ? 0 : 1

function isFailed(test) {
  return test.status === 'failed'
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    console.log(`ci: there is no test report (${error.message})`)
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, success: false }
  }
}
