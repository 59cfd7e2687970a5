/** The contestants: each reads one stream and writes to all who ask. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createQueue, serve } from '@lovage/server'
import { Redis } from 'ioredis'
import { type WebSocket, WebSocketServer } from 'ws'
import { tasks } from './tasks.ts'

async function lovage(url: string, namespace: string): Promise<void> {
  const queue = createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
  const server = await serve({ queue, owner: 'public', keepAlive: false })
  answer(server.port)
}

type Asked = { enqueue: { text: string } } | { params: { input: { json: { id?: string } } } }

/** The least that can be done: encoded once, one write for each socket. No cursor, no resume, no owner, no limits. */
async function floor(url: string, namespace: string): Promise<void> {
  const everybody = new Set<WebSocket>()
  const byJob = new Map<string, WebSocket>()
  const queue = createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
  const http = createServer().listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const asked = JSON.parse(data.toString()) as Asked
      if ('enqueue' in asked)
        return void queue.nothing.enqueue(asked.enqueue).then(({ id }) => socket.send(id))
      const { id } = asked.params.input.json
      if (id === undefined) everybody.add(socket)
      else byJob.set(id, socket)
      socket.send('"ready"')
    })
  })
  await new Promise((resolve) => void http.once('listening', resolve))
  answer((http.address() as AddressInfo).port)

  const redis = new Redis(url)
  const stream = `{${namespace}:default}:outcomes`
  for (let place = '0-0'; ;) {
    const reply = await redis.xread('COUNT', 500, 'BLOCK', 5_000, 'STREAMS', stream, place)
    for (const [id, fields] of reply?.[0]?.[1] ?? []) {
      place = id
      const record: Record<string, string> = { id }
      for (let i = 0; i < fields.length; i += 2) record[fields[i] as string] = fields[i + 1] as string
      const text = JSON.stringify(record)
      for (const socket of everybody) socket.send(text)
      byJob.get(record['task_id'] as string)?.send(text)
    }
  }
}

function answer(port: number): void {
  process.on('message', ({ say }: { say: 'memory' | 'cpu' }) => {
    if (say === 'cpu') {
      const { user, system } = process.cpuUsage()
      process.send?.({ cpu: user + system })
      return
    }
    globalThis.gc?.()
    process.send?.({ rss: process.memoryUsage().rss })
  })
  process.send?.({ port })
}

export const gateways = { lovage, floor }
export type Gateway = keyof typeof gateways
