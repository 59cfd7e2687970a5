// ioredis 6 has a class that extends `String`. From then on V8 compiled each `text.charCodeAt(at)` of the process to a search for
// the method: a number of six digits took three times as long to read, and cursors and answers are read digit by digit.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PROGRAM = `
  const areFast = () => %HasFastProperties(String.prototype)
  const seen = { before: areFast() }
  class Slowing extends String {} // as ioredis has it
  seen.slowed = areFast()
  const { createQueue } = await import('@lovage/redis')
  createQueue({ tasks: {}, redis: 'redis://127.0.0.1:1' })
  seen.created = areFast()
  class Again extends String {}
  seen.after = areFast()
  console.log(JSON.stringify(seen))
  process.exit()
`

test('methods of texts are searched for no more once there is a queue, whoever extends String', async () => {
  const flags = ['--allow-natives-syntax', '--input-type=module', '-e', PROGRAM]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname })
  expect(JSON.parse(stdout)).toEqual({ before: true, slowed: false, created: true, after: true })
})
