// A word that no command takes was repeated in the complaint as it had come, with what a terminal obeys.
import { expect } from 'vitest'
import { test } from '../cli/program.ts'

test.for([
  ['inspect', '\u001b[2J'],
  ['\u001b[2J'],
  ['get', 'x', '--\u001b]0;title\u0007'],
  ['failed', '\u009b1m'],
])('%j is refused, and steers no terminal', async (words, { lovage }) => {
  const { code, stdout, stderr } = await lovage(words)
  expect(code).toBe(2)
  // oxlint-disable-next-line no-control-regex -- those are what is looked for
  expect(`${stdout}${stderr}`).not.toMatch(/[\u001b\u009b\u0007]/)
  expect(stderr).toContain('\\x')
})
