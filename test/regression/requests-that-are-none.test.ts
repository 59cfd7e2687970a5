// Requests of which no `Request` can be made: they were the server's own fault, with a stack in its log, which a stranger
// could fill so.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { serve } from '@lovage/server'
import { expect, onTestFinished, test } from 'vitest'
import { tasks } from '../kit/contract.ts'

test.for([
  ['GET', 'user:password@127.0.0.1', 403],
  ['GET', 'user@127.0.0.1', 403],
  ['GET', 'a b', 403],
  ['GET', '[', 403],
  ['GET', '127.0.0.1/path', 403],
  ['TRACE', '127.0.0.1', 405],
  ['GET', '127.0.0.1:80', 200],
  ['GET', '[::1]:80', 200],
  ['GET', 'xn--strae-oqa.example', 200],
] as const)('%s with the host "%s" is answered %i', async ([method, host, status]) => {
  const faults: unknown[] = []
  const queue = queueOver(tasks, createMemoryStore())
  const server = await serve({
    queue,
    owner: 'public',
    closeGraceMs: 0,
    onError: ({ error }) => void (error.code === 'INTERNAL_SERVER_ERROR' && faults.push(error)),
  })
  onTestFinished(async () => {
    await server.close()
    await queue.close()
  })
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`${method} /trpc/jobs.groups HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(faults).toEqual([])
})
