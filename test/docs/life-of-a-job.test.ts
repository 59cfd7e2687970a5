/** The examples of docs/life-of-a-job.md, run as they are printed. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Queue } from '@lovage/core'
import type { Worker } from '@lovage/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const page = await readFile(join(import.meta.dirname, '../../docs/life-of-a-job.md'), 'utf8')
const folder = join(import.meta.dirname, '../dist/life-of-a-job')

/** The heading that each stands under, and its code. */
const examples: { title: string; code: string }[] = []
for (const section of page.split(/^## /m)) {
  const title = section.slice(0, section.indexOf('\n'))
  for (const [, code] of section.matchAll(/^```ts\n(.*?)^```/gms)) examples.push({ title, code })
}
const [shop, ...others] = examples as [(typeof examples)[number], ...typeof examples]

let stage: { queue: Queue; worker: Worker }

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'shop.ts'), shop.code)
  stage = (await import(join(folder, 'shop.ts'))) as typeof stage
})

afterAll(async () => {
  await stage.worker.stop({ timeout: 0 })
  await (stage.queue as unknown as { close(): Promise<void> }).close()
})

test('the page has an example for each of its sections', () => {
  expect(shop.code).toMatch(/^\/\/ shop\.ts/)
  expect(others.length).toBeGreaterThanOrEqual(9)
})

describe('the example', () => {
  test.for(others.map(({ title, code }, at) => [`${at + 1}, ${title}`, code, at] as const))(
    '%s',
    async ([, code, at]) => {
      expect(code).toContain('assert')
      const file = join(folder, `example-${at}.ts`)
      await writeFile(file, code)
      await import(file)
    },
  )
})
