// Clients that read too slowly, or not at all, or write nonsense: each costs its own connection and nothing else.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'

type It = Harness<typeof tasks>

const frame = (id: number, from?: string): string =>
  JSON.stringify({
    id,
    method: 'subscription',
    params: { path: 'jobs.notices', input: { json: from === undefined ? {} : { from } } },
  })

/** A socket with nothing around it, signed in as ada. */
async function rawSocket(it: It): Promise<WebSocket> {
  const socket = new WebSocket(`${it.server.url.replace('http', 'ws')}?connectionParams=1`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ method: 'connectionParams', data: { token: 'ada' } }))
  return socket
}

interface Event {
  type: string
  cursor: string
  jobId?: string
  data?: { done: number }
}

/** Calls back with every notice that comes on a socket. */
function listen(socket: WebSocket, hear: (event: Event) => void): void {
  socket.on('message', (data: Buffer) => {
    const { result } = JSON.parse(data.toString()) as {
      result?: { type: string; data?: { json: { data: Event } } }
    }
    if (result?.type === 'data') hear((result.data as { json: { data: Event } }).json.data)
  })
}

const TEXT = 'x'.repeat(200_000)

/** Ends one job with a result that takes a while to read. */
async function endJob(it: It): Promise<string> {
  const { id } = await it.queue.score.enqueue({ texts: [] }, { owner: 'ada' })
  await it.driver.succeed(await it.driver.next(), [{ text: TEXT, label: 'positive' }])
  return id
}

test('who stops reading for a while is waited for: every outcome in order, of progress the newest', async () => {
  const peers: Socket[] = []
  await using it = await createHarness(tasks, {
    authenticate(token, request) {
      peers.push(request.socket)
      return token
    },
  })
  await it.queue.score.enqueue({ texts: [] }, { owner: 'ada' })
  const long = await it.driver.next()
  const socket = await rawSocket(it)
  const heard: Event[] = []
  // The newest report is never spared him, and is the last of all.
  const all = new Promise<void>((resolve) => {
    listen(socket, (event) => {
      heard.push(event)
      if (event.data?.done === 1_000) resolve()
    })
  })
  socket.send(frame(1))
  while (heard.length === 0) await once(socket, 'message')

  socket.pause()
  const ended: string[] = []
  let reports = 0
  for (let n = 0; n < 100; n++) {
    ended.push(await endJob(it))
    for (let k = 0; k < 10; k++) await it.driver.report(long, { done: (reports += 1), total: 1_000 })
    await new Promise(setImmediate) // the server gets its turn, too
  }
  // What fits, and the one notice that did not: the rest of the 20 MB waits in the feed.
  const waiting = peers.map(({ writableLength }) => writableLength)
  expect(waiting.length).toBe(1)
  expect(waiting[0]).toBeLessThan(524_288 + 2 * TEXT.length)
  socket.resume()
  await all
  const outcomes = heard.filter(({ type }) => type === 'succeeded').map(({ jobId }) => jobId)
  expect(outcomes).toEqual(ended)
  const done = heard.flatMap(({ type, data }) => (type === 'progress' && data ? [data.done] : []))
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(new Set(done).size).toBe(done.length)
  expect(done.length).toBeLessThan(reports)
  socket.terminate()
})

test('who reads nothing at all loses his connection, goes on at his cursor, and nobody else notices', async () => {
  await using it = await createHarness(tasks, { patienceMs: 50 })
  const { jobs } = it.client()
  const other = jobs.notices()
  await other.next()
  const socket = await rawSocket(it)
  const heard: Event[] = []
  listen(socket, (event) => heard.push(event))
  socket.send(frame(1))
  while (heard.length === 0) await once(socket, 'message')
  socket.pause()

  const ended: string[] = []
  const seenByOther: string[] = []
  while (it.followers() > 1) {
    const id = await endJob(it)
    ended.push(id)
    for (let next = await other.next(); ; next = await other.next()) {
      const notice = next.value
      if (notice === undefined || !('jobId' in notice)) throw new Error('the other was cut as well')
      if (notice.type !== 'succeeded') continue
      seenByOther.push(notice.jobId)
      break
    }
  }
  expect(seenByOther).toEqual(ended)

  // The frozen page thaws: it reads what it has been sent, notices, and comes back with the cursor of the last.
  const gone = once(socket, 'close')
  socket.resume()
  await gone
  const again = await rawSocket(it)
  listen(again, (event) => heard.push(event))
  again.send(frame(1, heard.at(-1)?.cursor))
  const outcomes = (): unknown[] => heard.filter(({ type }) => type === 'succeeded').map(({ jobId }) => jobId)
  while (outcomes().length < ended.length) await once(again, 'message')
  expect(outcomes()).toEqual(ended)
  again.terminate()
})

test('ten thousand subscriptions, garbage, giants: the connection is cut, and others go on', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const other = jobs.notices()
  await other.next()
  const attacks: ((socket: WebSocket) => void)[] = [
    (socket) => {
      for (let n = 0; n < 10_000; n++) socket.send(frame(n))
    },
    (socket) => {
      for (let n = 0; n < 10_000; n++) socket.send(`{"id": ${n}, garbage`)
    },
    (socket) => {
      for (let n = 0; n < 10_000; n++) socket.send(Buffer.from([n % 256, 0xff, 0xfe]))
    },
    (socket) => {
      for (let n = 0; n < 10_000; n++) socket.send(JSON.stringify({ id: n, method: 'dance', params: {} }))
    },
    (socket) => {
      const toNobody = JSON.stringify({ id: null, method: 'query', params: { path: 'jobs.list' } })
      for (let n = 0; n < 10_000; n++) socket.send(toNobody)
    },
    (socket) => socket.send(`"${'x'.repeat(5_000_000)}"`),
    (socket) => {
      // Every batch is small enough, and asks for five hundred errors.
      const batch = JSON.stringify(Array.from({ length: 500 }, (_, id) => JSON.parse(frame(id)) as object))
      for (let n = 0; n < 100; n++) socket.send(batch)
    },
  ]
  for (const attack of attacks) {
    const socket = await rawSocket(it)
    socket.on('error', () => {}) // a broken pipe, to him
    const closed = once(socket, 'close')
    attack(socket)
    await closed
    const job = await jobs.sweep.enqueue()
    await it.driver.succeed(await it.driver.next(), undefined)
    expect((await other.next()).value).toMatchObject({ type: 'succeeded', jobId: job.id })
  }
  await other.return()
  await it.abandoned()
})

test('a few mistakes are answered, and cost nothing', async () => {
  await using it = await createHarness(tasks)
  const socket = await rawSocket(it)
  const answers: string[] = []
  socket.on('message', (data: Buffer) => answers.push(data.toString()))
  for (let n = 0; n < 50; n++) socket.send('what?')
  for (let n = 0; n < 150; n++) socket.send(frame(n))
  const readies = (): number => answers.filter((answer) => answer.includes('"ready"')).length
  const refusals = (): number => answers.filter((answer) => answer.includes('TOO_MANY_SUBSCRIPTIONS')).length
  while (readies() < 100 || refusals() < 50) await once(socket, 'message')
  expect(it.followers()).toBe(100)
  socket.terminate()
  await it.abandoned()
})
