/** The example of docs/operations.md that says of itself that it runs as it stands. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'vitest'

test('the example of traces ends with all spans where it says', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const code = /^```ts\n(\/\/ traced\.ts\n.*?)^```/ms.exec(page)?.[1] ?? ''
  const folder = join(import.meta.dirname, '../dist/operations')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'traced.ts'), code)
  await import(join(folder, 'traced.ts'))
})
