// serve(): one port, one path, and limits that hold against strangers.
import { connect } from 'node:net'
import { once } from 'node:events'
import { type JobsServer, jobsRouter, serve } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: 'Bearer ada', ...headers },
  })

/** How the upgrade to a websocket ended: `open`, or the status of the answer. */
async function upgrade(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers })
  const outcome = await new Promise<string>((resolve) => {
    socket.on('open', () => resolve('open'))
    socket.on('unexpected-response', (_, response) => resolve(String(response.statusCode)))
    socket.on('error', (error) => resolve(error.message))
  })
  socket.on('error', () => {})
  socket.terminate()
  return outcome
}

test('it answers for its health, and serves nothing beside its path', async () => {
  await using it = await createHarness(tasks, { path: '/api/rpc' })
  expect(it.server.url).toBe(`http://127.0.0.1:${it.server.port}/api/rpc`)
  const at = (path: string) => fetch(`http://127.0.0.1:${it.server.port}${path}`)
  const health = await at('/health')
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  for (const path of ['/', '/trpc/jobs.get', '/api', '/api/rpcs/jobs.get', '//'])
    expect((await at(path)).status, path).toBe(404)
  expect((await post(`${it.server.url}/jobs.sweep.enqueue`, '{"json":{}}')).status).toBe(200)
  expect(await upgrade(it.server.url)).toBe('open')
  expect(await upgrade(it.server.url.replace('/api/rpc', '/'))).toBe('404')
})

test('pages of other origins are refused by HTTP and by websocket, unless they are listed', async () => {
  const origin = 'https://app.example.com'
  for (const { origins, allowed } of [
    { origins: undefined, allowed: null },
    { origins: ['https://other.example.com'], allowed: null },
    { origins: [origin], allowed: origin },
    { origins: '*' as const, allowed: '*' },
  ]) {
    await using it = await createHarness(tasks, { ...(origins && { origins }) })
    const { url, port } = it.server
    const isAllowed = allowed !== null
    const call = await post(`${url}/jobs.sweep.enqueue`, '{"json":{}}', { origin })
    expect(call.status).toBe(isAllowed ? 200 : 403)
    expect(call.headers.get('access-control-allow-origin')).toBe(allowed)
    const ask = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-mine',
    }
    const preflight = await fetch(`${url}/jobs.sweep.enqueue`, { method: 'OPTIONS', headers: ask })
    expect(preflight.status).toBe(isAllowed ? 204 : 403)
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      isAllowed ? 'content-type,x-mine' : null,
    )
    expect(await upgrade(url, { origin })).toBe(isAllowed ? 'open' : '403')
    expect(await it.queue.counts()).toMatchObject({ queued: isAllowed ? 1 : 0 })

    const own = `http://127.0.0.1:${port}`
    expect((await post(`${url}/jobs.sweep.enqueue`, '{"json":{}}', { origin: own })).status).toBe(200)
    expect(await upgrade(url, { origin: own })).toBe('open')
    expect(await upgrade(url, { origin: 'null' })).toBe(origins === '*' ? 'open' : '403')
  }
})

test('a router of the user is served as it is, with his context', async () => {
  await using it = await createHarness(tasks)
  const t = initTRPC.context<{ user: string }>().create({ transformer: superjson })
  const router = t.router({
    hello: t.procedure.query(({ ctx }) => `hello ${ctx.user}`),
    work: jobsRouter({ t, queue: it.queue, procedure: t.procedure, owner: ({ ctx }) => ctx.user }),
  })
  await using server: JobsServer<typeof router> = await serve({
    router,
    closeGraceMs: 0,
    createContext: ({ req }) => ({ user: String(req.headers['x-user']) }),
  })
  expect(server.router).toBe(router)
  const hello = await fetch(`${server.url}/hello`, { headers: { 'x-user': 'ada' } })
  expect(await hello.json()).toEqual({ result: { data: { json: 'hello ada' } } })
  const { status } = await fetch(`${server.url}/work.sweep.enqueue`, {
    method: 'POST',
    body: '{"json":{}}',
    headers: { 'content-type': 'application/json', 'x-user': 'ada' },
  })
  expect(status).toBe(200)
  expect((await it.driver.next()).owner).toBe('ada')
})

test('close asks clients to reconnect, then closes, and lets go of the port', async () => {
  await using it = await createHarness(tasks, { closeGraceMs: 50 })
  const socket = new WebSocket(it.server.url.replace('http', 'ws'))
  const frames: string[] = []
  socket.on('message', (data: Buffer) => frames.push(data.toString()))
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const [first, second] = [it.server.close(), it.server.close()]
  expect((await closed)[0]).toBe(1012)
  await Promise.all([first, second])
  expect(frames).toEqual(['{"id":null,"method":"reconnect"}'])
  await expect(fetch(it.server.url)).rejects.toThrow('fetch failed')
  await using next = await serve({ queue: it.queue, owner: 'public', port: it.server.port, closeGraceMs: 0 })
  expect(next.port).toBe(it.server.port)
  await expect(serve({ queue: it.queue, owner: 'public', port: next.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
})

test('close does not wait for a peer who never confirms it', async () => {
  await using it = await createHarness(tasks)
  const socket = connect(it.server.port, '127.0.0.1')
  socket.write(
    'GET /trpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  await once(socket, 'data')
  const ended = once(socket, 'close')
  socket.resume()
  await it.server.close()
  expect(await ended).toHaveLength(1)
})
