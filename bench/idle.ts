/**
 * What does a worker that has nothing to do cost Redis? Counts the commands that one idle worker process's connections
 * send in 20 s.
 *
 *   npm run bench -- idle
 *
 * BullMQ's worker with its defaults beside it. What scripts run inside is left out: it costs no round trip.
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

async function idle(name: string): Promise<void> {
  await pause(SETTLE_MS)
  let sent = 0
  const monitor = await redis.monitor()
  monitor.on('monitor', (_time: string, _args: string[], source: string) => {
    if (source !== 'lua') sent += 1
  })
  await pause(SECONDS * 1_000)
  monitor.disconnect()
  console.log(`idle worker              ${name.padEnd(7)} ${(sent / SECONDS).toFixed(2)} commands/s`)
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
