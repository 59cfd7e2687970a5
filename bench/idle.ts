/**
 * What does a worker that has nothing to do cost Redis? Counts the commands that one idle worker process's connections
 * send in 20 s, and Redis' own CPU meanwhile.
 *
 *   npm run bench -- idle
 *
 * BullMQ's worker with its defaults beside it. Commands inside of scripts are left out: they cost no round trip.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { defineTasks, task } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { connection, empty, url } from './kit/rounds.ts'

const SECONDS = 20
const SETTLE_MS = 3_000 // after this a worker that has just started is idle

const redis = new Redis(url)

/** Commands that clients sent so far; scripts run theirs without any. */
async function commands(): Promise<number> {
  const stats = await redis.info('commandstats')
  const sent = /^cmdstat_(?:evalsha|eval|blpop|bzpopmin|lpop|hget|xread|publish|client\|\w+):calls=(\d+)/gm
  return [...stats.matchAll(sent)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

async function idle(name: string): Promise<void> {
  await pause(SETTLE_MS)
  await redis.config('RESETSTAT')
  await pause(SECONDS * 1_000)
  console.log(
    `idle worker              ${name.padEnd(7)} ${((await commands()) / SECONDS).toFixed(2)} commands/s`,
  )
}

const tasks = defineTasks({ nothing: task() })
const ours = createWorker({ tasks, redis: url, logLevel: 'silent', handlers: { nothing: () => {} } })
await ours.start()
await idle('lovage')
await ours.stop()
await empty()

const theirs = new Worker('bench', async () => {}, { connection: connection(), concurrency: 10 })
await theirs.waitUntilReady()
await idle('bullmq')
await theirs.close()
await empty()
await redis.quit()
