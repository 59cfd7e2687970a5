// The same on Valkey, where there is one: on PATH, or in CI from Debian's backports.
import { afterAll, describe } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import { findValkey } from '../../scripts/valkey.mjs'
import { redisQueues } from './redis-queue.ts'
import { storeContract } from './store-contract.ts'

const program = findValkey()
const server = program === undefined ? undefined : await startRedis({ server: program })
afterAll(() => server?.stop())

describe.skipIf(server === undefined)('on a server of its own', () => {
  storeContract('Valkey', redisQueues(server?.url))
})
