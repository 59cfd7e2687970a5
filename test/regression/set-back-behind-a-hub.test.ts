// A follower whose place was taken back with what stood there, at a process whose reader has read on since: it looked only at
// where the place lies, found it among its own recent records, and told what came under lower numbers as if nothing were missing.
import { createQueue, type RedisQueue } from '@lovage/redis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'
