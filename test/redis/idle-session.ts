/** A session that may be handed a job, what it hears, and what becomes of it when it may not have heard of one. */
import type { Claimed, Store } from '@lovage/core'
import { expect } from 'vitest'
import { claimOne, joinAll, LEASE_MS, step } from '../conformance/acts.ts'

export const waitOptions = () => ({
  work: true,
  timeoutMs: 25_000,
  signal: AbortSignal.timeout(25_000),
})

/** Sessions that have found the line empty, and run nothing. */
export async function idle(store: Store, ...sessions: string[]): Promise<void> {
  await joinAll(store, ...sessions)
  for (const session of sessions) await step(store, session, { claim: 10, isIdle: true })
}

export const handedTo = async (store: Store, session: string): Promise<readonly Claimed[]> =>
  (await store.wait(session, waitOptions())).handed ?? []

/** `one` has to be replaced, and the one that replaces it finds the job as if nobody had had it. */
export async function expectReplaced(store: Store, id: string): Promise<void> {
  await expect(step(store, 'one')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await store.join({ session: 'two', leaseMs: LEASE_MS, replaces: { session: 'one', holds: [] } })
  expect(await claimOne(store, 'two')).toMatchObject({ id, attempt: 1 })
}
