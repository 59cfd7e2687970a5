/** Why a job is held no longer. The fence says only that it is so; the job itself says why. */
import type { Held, Settlement, Snapshot, Store } from '@lovage/core'

export type Fate =
  /** The outcome that was tried twice was written the first time. */
  | { type: 'written' }
  | { type: 'cancelled'; by: string | null; reason: string | null }
  /** The lease ran out, and another worker has it or had it. */
  | { type: 'lost' }

/** @param tried What a step whose answer never came may have written. */
export async function fateOf(store: Store, held: Held, tried?: Settlement['to']): Promise<Fate> {
  let snapshot: Snapshot | null
  try {
    snapshot = await store.get(held.id)
  } catch {
    return { type: 'lost' }
  }
  if (snapshot?.state === 'cancelled') {
    return { type: 'cancelled', by: snapshot.by ?? null, reason: snapshot.reason ?? null }
  }
  if (tried !== undefined && snapshot?.state === tried && snapshot.attempt === held.attempt)
    return { type: 'written' }
  return { type: 'lost' }
}
