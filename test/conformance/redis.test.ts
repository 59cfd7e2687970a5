import { redisQueues } from './redis-queue.ts'
import { storeContract } from './store-contract.ts'

storeContract('Redis', redisQueues())
