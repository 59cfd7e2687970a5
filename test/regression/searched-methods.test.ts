// ioredis 6 has a class that extends `String`. From then on V8 compiles each `text.charCodeAt(at)` of the process to a search for
// the method: a number of six digits took three times as long to read, and cursors and answers are read digit by digit.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PROGRAM = `
  import { parseCursor } from '@lovage/core'
  import '@lovage/redis'
  let sum = 0
  for (let n = 0; n < 300_000; n++) sum += parseCursor((1_795_894_175_959 + n) + '-0.' + n).seq
  console.log('sum', sum)
`

test('reading a cursor searches for no method, though a class extends String', async () => {
  const flags = ['--print-opt-code', '--print-opt-code-filter=numberIn', '--input-type=module', '-e', PROGRAM]
  const { stdout } = await promisify(execFile)(process.execPath, flags, {
    maxBuffer: 2 ** 27,
    cwd: import.meta.dirname,
  })
  expect(stdout).toContain('sum ')
  expect(stdout).toMatch(/^kind = TURBOFAN/m) // what it is compiled to is there to be read
  expect(stdout).not.toContain('(LoadIC')
})
