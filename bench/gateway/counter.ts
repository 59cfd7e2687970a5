/** The process that has all the sockets: it opens them, and says when so many messages have come. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** Sockets that are opened at once. */
const TOGETHER = 100

interface Opening {
  port: number
  /** The jobs to follow, one a socket; `null`: everybody gets everything. */
  ids: string[] | null
  subscribers: number
}

export function counter(): void {
  let count = 0
  let expected = Number.POSITIVE_INFINITY
  const hear = (): void => {
    count += 1
    if (count === expected) process.send?.({ at: Date.now() })
  }
  const answer = async (question: Opening | { expected: number }): Promise<void> => {
    if ('expected' in question) {
      expected = question.expected
      count = 0
    } else {
      for (let from = 0; from < question.subscribers; from += TOGETHER) {
        const group = Array.from(
          { length: Math.min(TOGETHER, question.subscribers - from) },
          (_, n) => from + n,
        )
        await Promise.all(group.map((n) => open(question.port, question.ids?.[n], hear)))
      }
    }
    process.send?.({})
  }
  process.on('message', (question: Opening | { expected: number }) => void answer(question))
  process.send?.({})
}

/** Resolves when everything that is written from now on will come. */
async function open(port: number, id: string | undefined, hear: () => void): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/trpc`, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  })
  await once(socket, 'open')
  const ready = new Promise<void>((resolve) => {
    socket.on('message', function first(data: Buffer) {
      if (!data.toString().includes('"ready"')) return
      socket.off('message', first)
      socket.on('message', hear)
      resolve()
    })
  })
  const input = { json: id === undefined ? {} : { id } }
  socket.send(JSON.stringify({ id: 1, method: 'subscription', params: { path: 'jobs.notices', input } }))
  await ready
}
