import { EXCEPTIONS, OF_ALL, partitionsOnRedis } from './partitioned.ts'
import { redisQueues } from './redis-queue.ts'
import { storeContract } from './store-contract.ts'

storeContract('three partitions on Redis', redisQueues(undefined, partitionsOnRedis), {
  asked: OF_ALL,
  exceptions: EXCEPTIONS,
})
