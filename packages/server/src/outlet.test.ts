// How long a subscription waits for a client to read, and when it gives him up.
import type { Clock } from '@lovage/core'
import { expect, test } from 'vitest'
import { PATIENCE_MS, ROOM_BYTES } from './limits.ts'
import { LOOK_MS, Outlet } from './outlet.ts'

/** A socket whose client reads what the test says, and a clock that moves when somebody waits. */
function setUp(readings: readonly number[]) {
  let now = 0
  let looks = 0
  const socket = {
    isCut: false,
    get bufferedAmount() {
      return socket.isCut ? 0 : readings[Math.min(looks, readings.length - 1)]!
    },
    terminate() {
      socket.isCut = true
    },
  }
  const clock: Clock = {
    now: () => now,
    after(ms, call) {
      queueMicrotask(() => {
        now += ms
        looks += 1
        call()
      })
      return () => {}
    },
  }
  return { socket, outlet: new Outlet(socket, undefined, clock), now: () => now }
}

test('it is full beyond its room, and has room again at half of it', async () => {
  const full = ROOM_BYTES + 1
  const { socket, outlet } = setUp([full, full, full - 9, ROOM_BYTES / 2 + 1, ROOM_BYTES / 2])
  expect([outlet.isSocket, outlet.isFull]).toEqual([true, true])
  await outlet.room(new AbortController().signal)
  expect([outlet.isFull, socket.isCut]).toEqual([false, false])
})

test('who reads a little every now and then is waited for, however long; who reads nothing is cut', async () => {
  const trickle = Array.from({ length: 5_000 }, (_, n) => ROOM_BYTES * 2 - Math.floor(n / 1_000))
  const stuck = setUp([...trickle, ROOM_BYTES * 2 - 5])
  await stuck.outlet.room(new AbortController().signal)
  expect(stuck.socket.isCut).toBe(true)
  // He read for the last time at the 5,000th look.
  expect(stuck.now()).toBe(5_000 * LOOK_MS + PATIENCE_MS)
})

test('a subscription that ends is not held up by it', async () => {
  const { socket, outlet } = setUp([ROOM_BYTES * 2])
  await outlet.room(AbortSignal.abort())
  expect(socket.isCut).toBe(false)
})

test('what is no websocket waits for its reader by itself', () => {
  for (const connection of [undefined, null, {}, { bufferedAmount: 'much' }, { writableLength: 1e9 }]) {
    const outlet = new Outlet(connection)
    expect([outlet.isSocket, outlet.isFull]).toEqual([false, false])
  }
})
