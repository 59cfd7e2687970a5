import { describe, expect, test } from 'vitest'
import { isOlder, parseInfo, persistenceWarnings, productOf } from './check.ts'

describe('the product', () => {
  test('is Valkey where the server says so beside the Redis version that it imitates', () => {
    const info = parseInfo(
      '# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n',
    )
    expect(productOf(info)).toEqual({ product: 'Valkey', version: '8.1.1' })
  })

  test('is Redis otherwise', () => {
    expect(productOf(parseInfo('redis_version:7.0.15\r\n'))).toEqual({ product: 'Redis', version: '7.0.15' })
  })
})

test.each([
  ['6.2.0', false],
  ['6.2.14', false],
  ['7.0.15', false],
  ['8.1.1', false],
  ['10.0.0', false],
  ['6.0.16', true],
  ['5.0.7', true],
  ['of unknown version', true],
])('%s older than 6.2: %s', (version, expected) => {
  expect(isOlder(version, '6.2')).toBe(expected)
})

describe('a server that writes nothing to disk', () => {
  test.each([
    [{ aof_enabled: '1' }, '', 0],
    [{ aof_enabled: '0' }, '3600 1 300 100', 0],
    [{ aof_enabled: '0' }, '', 1],
    // Managed servers do not tell their rules; they are believed.
    [{ aof_enabled: '0' }, undefined, 0],
  ])('%j with the save rules %j: %i warning(s)', (info, rules, warnings) => {
    expect(persistenceWarnings(info, rules, 'Redis')).toHaveLength(warnings)
  })
})
