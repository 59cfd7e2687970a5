// `--tasks` with no name, or with that of a folder: Node's loader said something about imports, with a stack.
import { expect } from 'vitest'
import { test } from '../cli/program.ts'

test.for([
  ['', 'The name of the module of tasks is empty.'],
  ['.', 'is no file, so it cannot be a module of tasks.'],
  ['/dev/null', 'is no file, so it cannot be a module of tasks.'],
] as const)('--tasks "%s" is refused in a sentence', async ([path, sentence], { lovage }) => {
  const { code, stderr } = await lovage(['enqueue', 'score', '{}', '--tasks', path])
  expect(stderr).toContain(sentence)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(code).toBe(2)
})
