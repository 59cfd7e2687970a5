import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { VERSION } from '@lovage/core'
import { expect, test } from 'vitest'

const packages = resolve(import.meta.dirname, '../../packages')

test.each(readdirSync(packages))('%s has the version that programs tell of themselves', (name) => {
  const { version } = JSON.parse(readFileSync(resolve(packages, name, 'package.json'), 'utf8')) as {
    version: string
  }
  expect(version).toBe(VERSION)
})
