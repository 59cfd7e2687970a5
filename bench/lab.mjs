import { spawn, execSync } from 'node:child_process'
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { z } from 'zod'
import { Redis } from 'ioredis'
const N = Number(process.argv[2] ?? 200000), C = Number(process.argv[3] ?? 100)
const tasks = defineTasks({ nothing: task({ input: z.object({ text: z.string(), dueAt: z.number().optional() }), output: z.object({ ok: z.boolean() }) }) })
const port = 7390 + Math.floor(Math.random()*100)
const rs = spawn('redis-server', ['--port', port, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
await new Promise(r => setTimeout(r, 500))
const url = `redis://127.0.0.1:${port}`
const q = createQueue({ tasks, redis: url, onWarning() {} })
const input = { text: 'x'.repeat(89) }
for (let n = 0; n < N; n += 1000) await q.nothing.enqueueMany(Array.from({ length: 1000 }, () => input))
const redis = new Redis(url)
const cpu = async () => { const i = await redis.info('cpu'); return ['used_cpu_sys', 'used_cpu_user'].reduce((s, k) => s + Number(i.match(new RegExp(k + ':([\\d.]+)'))[1]), 0) }
await q.close()
const worker = createWorker({ tasks, redis: url, concurrency: C, logLevel: 'error', handlers: { nothing: () => ({ ok: true }) } })
let done = 0, t0, c0, r0, end
const ended = new Promise(r => end = r)
worker.on('job.succeeded', () => { done++; if (done === N * 0.2) { t0 = performance.now(); c0 = process.cpuUsage(); r0 = cpu() } if (done === N) end() })
await worker.start()
await ended
const ms = performance.now() - t0, c = process.cpuUsage(c0), r = await cpu() - await r0
const jobs = N * 0.8
const stats = (await redis.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)
console.log(`c${C}: ${Math.round(jobs / ms * 1000)} jobs/s; worker ${((c.user + c.system) / jobs).toFixed(2)} us/job (sys ${(c.system / jobs).toFixed(2)}), redis ${(r * 1e6 / jobs).toFixed(2)} us/job; wall ${(ms * 1000 / jobs).toFixed(2)}; evalsha ${stats?.[1]}`)
await worker.stop(); redis.disconnect(); rs.kill()
