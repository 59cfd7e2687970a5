import { expect, test } from 'vitest'
import { type Durability, replicationOf } from './durability.ts'

test.for([
  ['accepted', undefined],
  ['replicated', { replicas: 1, timeoutMs: 1_000 }],
  [{ replicas: 2 }, { replicas: 2, timeoutMs: 1_000 }],
  [
    { replicas: 1, timeout: '50ms' },
    { replicas: 1, timeoutMs: 50 },
  ],
] as [Durability, unknown][])('%j is understood', ([durability, replication]) => {
  expect(replicationOf(durability)).toEqual(replication)
})

test.for([
  ['quorum', 'durability'],
  [null, 'durability'],
  [{ replicas: 0 }, 'durability.replicas'],
  [{ replicas: 1.5 }, 'durability.replicas'],
  [{ replicas: 1, timeout: 0 }, 'durability.timeout'],
  [{ replicas: 1, timeout: '2m' }, 'durability.timeout'],
] as [unknown, string][])('%j is refused', ([durability, option]) => {
  expect(() => replicationOf(durability as Durability)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ option }) }),
  )
})
