/** A TCP line to Redis that breaks at the worst moment: a request was carried out, and not yet answered. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface ReplyThief extends AsyncDisposable {
  url: string
  /** The answer to what is sent next over this line is lost, and the connection with it. */
  stealNextReply(): void
  stolen: number
}

export async function replyThief(port: number): Promise<ReplyThief> {
  const sockets = new Set<Socket>()
  let armed = false
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    let isWatched = false
    const end = (): void => {
      for (const socket of [near, far]) {
        socket.destroy()
        sockets.delete(socket)
      }
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', end)
    }
    near.on('data', (request) => {
      isWatched ||= armed
      armed = false
      far.write(request)
    })
    far.on('data', (reply) => {
      if (!isWatched) return near.write(reply)
      thief.stolen += 1
      end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const thief: ReplyThief = {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stolen: 0,
    stealNextReply() {
      armed = true
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return thief
}
