// A client whose websocket had ended, but had not said so yet, told Node with every call whether to stay for it; each time one
// more listener waited for that socket to connect, until Node warned of a leak (MaxListenersExceededWarning).
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket as NodeWebSocket, WebSocketServer } from 'ws'
import { WebSocket } from '../../packages/client/dist/runtime-node.js'

test('whoever speaks of rest to a socket that has ended leaves nothing behind', async () => {
  const server = new WebSocketServer({ port: 0 })
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  const client = new WebSocket(
    `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ) as unknown as NodeWebSocket & { rest: (isIdle: boolean) => void }
  const open = once(client, 'open')
  const [{ socket }] = (await once(client, 'upgrade')) as [{ socket: Socket }]
  await open
  socket.destroy() // as by a peer that is gone; that it has closed is told later
  for (let n = 0; n < 20; n++) client.rest(n % 2 === 0)
  expect(socket.listenerCount('connect')).toBe(0)
  await once(client, 'close')
})
