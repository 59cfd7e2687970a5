// The state of the connection, for whoever shows it; and what the client does by itself when it is idle.
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('idle, connecting, connected, reconnecting, connected, idle, closed', async () => {
  await using it = await createHarness(tasks)
  const client = it.client({ idleCloseMs: 0 })
  const states: string[] = [client.connection.state]
  let reached = (_state: string): void => {}
  const leave = client.connection.subscribe((state) => {
    states.push(state)
    reached(state)
  })
  const until = (wanted: string): Promise<void> =>
    new Promise((resolve) => void (reached = (state) => void (state === wanted && resolve())))
  const called = until('idle')
  await client.jobs.sweep.enqueue()
  await called
  const feed = client.jobs.notices()
  await feed.next()
  const back = until('connected')
  it.line.cut()
  await back
  const idle = until('idle')
  await feed.return()
  await idle
  await client.close()
  expect(states).toEqual([
    ...['idle', 'connecting', 'connected', 'idle'],
    ...['connecting', 'connected', 'reconnecting', 'connected', 'idle', 'closed'],
  ])
  leave()
})

test('where nothing answers it is reconnecting, and a listener that left hears nothing', async () => {
  await using it = await createHarness(tasks)
  const client = it.client({ url: it.server.url })
  await it.server.close()
  const states: string[] = []
  client.connection.subscribe((state) => states.push(`left ${state}`))()
  const reconnecting = new Promise<void>((resolve) => {
    client.connection.subscribe((state) => {
      states.push(state)
      if (state === 'reconnecting') resolve()
    })
  })
  const stop = new AbortController()
  const next = client.jobs.notices({ signal: stop.signal }).next()
  await reconnecting
  stop.abort()
  expect(await next).toMatchObject({ done: true })
  expect(states).toEqual(['connecting', 'reconnecting', 'idle'])
})
