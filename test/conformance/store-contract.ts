/**
 * What every store does, one group of claims for each method of the seam.
 *
 * A store passes when it does all of it by the manual clock that it is opened with.
 */
import type { Store } from '@lovage/core'
import { describe, test as base } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { cancelContract } from './contract/cancel.ts'
import { consumersContract } from './contract/consumers.ts'
import { enqueueContract } from './contract/enqueue.ts'
import { fenceContract } from './contract/fence.ts'
import { feedContract } from './contract/feed.ts'
import { getContract } from './contract/get.ts'
import { inspectContract } from './contract/inspect.ts'
import { progressContract } from './contract/progress.ts'
import { saidContract } from './contract/said.ts'
import { sessionContract } from './contract/sessions.ts'
import { stepContract } from './contract/step.ts'
import { upkeepContract } from './contract/upkeep.ts'
import { waitContract } from './contract/wait.ts'

export interface Opened {
  store: Store
  /** Lets time pass for the clock, and for results that the store has left to somebody else's clock to drop. */
  elapse(ms: number): Promise<void>
  /** Closes the store, unless a test did, and removes all that it kept. */
  dispose(): Promise<void>
}

interface StreamOptions {
  streamMaxLen?: number
  streamCap?: number
}

/** Opens a store of a queue that nobody else uses. */
export type Open = (clock: ManualClock, options?: StreamOptions) => Promise<Opened>

interface Stage {
  clock: ManualClock
  opened: Opened
  store: Store
  elapse: Opened['elapse']
  /** Opens another queue on the same clock, with options of its own. */
  openWith: (options: StreamOptions) => Promise<Store>
}

const stage = (open: Open) =>
  base.extend<Stage>({
    clock: async ({}, use) => use(new ManualClock()),
    opened: async ({ clock }, use) => {
      const opened = await open(clock)
      await use(opened)
      await opened.dispose()
    },
    store: async ({ opened }, use) => use(opened.store),
    elapse: async ({ opened }, use) => use(opened.elapse),
    openWith: async ({ clock }, use) => {
      const others: Opened[] = []
      await use(async (options) => {
        const opened = await open(clock, options)
        others.push(opened)
        return opened.store
      })
      for (const opened of others) await opened.dispose()
    },
  })

export type ContractTest = ReturnType<typeof stage>

export function storeContract(name: string, open: Open): void {
  const test = stage(open)
  describe(name, () => {
    enqueueContract(test)
    getContract(test)
    cancelContract(test)
    sessionContract(test)
    stepContract(test)
    fenceContract(test)
    progressContract(test)
    saidContract(test)
    waitContract(test)
    feedContract(test)
    inspectContract(test)
    consumersContract(test)
    upkeepContract(test)
  })
}
