export { createQueue, type CreateQueueOptions } from './create-queue.ts'
export { diagnose, type Finding } from './diagnose.ts'
export { openStore, type StoreOptions } from './open-store.ts'
export { createRedisStore, type RedisStoreOptions } from './redis-store.ts'
