/**
 * What every store does, one group of claims for each method of the seam.
 *
 * A store passes when it does all of it by the manual clock that it is opened with.
 */
import type { RetentionOptions, Store } from '@lovage/core'
import { describe, expect, test as base } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { cancelContract } from './contract/cancel.ts'
import { expiryContract } from './contract/expiry.ts'
import { failedContract } from './contract/failed.ts'
import { findContract } from './contract/find.ts'
import { flowEndsContract } from './contract/flow-ends.ts'
import { flowsContract } from './contract/flows.ts'
import { historyContract } from './contract/history.ts'
import { lanesContract } from './contract/lanes.ts'
import { limitsContract } from './contract/limits.ts'
import { orderedContract } from './contract/ordered.ts'
import { pauseContract } from './contract/pause.ts'
import { priorityContract } from './contract/priority.ts'
import { queuesContract } from './contract/queues.ts'
import { ratesContract } from './contract/rates.ts'
import { releaseContract } from './contract/release.ts'
import { retentionContract } from './contract/retention.ts'
import { schedulesContract } from './contract/schedules.ts'
import { uniqueContract } from './contract/unique.ts'
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
import { tracesContract } from './contract/traces.ts'
import { upkeepContract } from './contract/upkeep.ts'
import { waitContract } from './contract/wait.ts'

export interface Opened {
  store: Store
  /** Lets time pass for the clock, and for results that the store has left to somebody else's clock to drop. */
  elapse(ms: number): Promise<void>
  /** Closes the store, unless a test did, and removes all that it kept. */
  dispose(): Promise<void>
  /** How much longer a large value is kept than it came. Default 1: as it came. */
  growth?: number
}

type StoreOptions = RetentionOptions

/** Opens a store of a queue that nobody else uses. */
export type Open = (clock: ManualClock, options?: StoreOptions) => Promise<Opened>

interface Stage {
  clock: ManualClock
  opened: Opened
  store: Store
  elapse: Opened['elapse']
  growth: number
  /** Opens another queue on the same clock, with options of its own. */
  openWith: (options: StoreOptions) => Promise<Store>
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
    growth: async ({ opened }, use) => use(opened.growth ?? 1),
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

type Contract = ReturnType<typeof stage>
export type ContractTest = Contract

/** What is not asked of a store: the titles of tests, by the reason why it cannot do that. */
export type Exceptions = Readonly<Record<string, readonly string[]>>

/** The same, where the tests that are excepted are skipped by name. */
function excepting(test: Contract, exceptions: Exceptions): { test: Contract; met: ReadonlySet<string> } {
  const reasons = new Map(
    Object.entries(exceptions).flatMap(([reason, titles]) => titles.map((title) => [title, reason] as const)),
  )
  const met = new Set<string>()
  const excepted = new Proxy(test, {
    apply(target, self, [title, ...rest]: [string, ...unknown[]]) {
      const reason = reasons.get(title)
      if (reason === undefined) return Reflect.apply(target, self, [title, ...rest])
      met.add(title)
      // oxlint-disable-next-line vitest/no-disabled-tests -- each has its reason in its title
      return base.skip(`${title} [not here: ${reason}]`, () => {})
    },
  })
  return { test: excepted, met }
}

const GROUPS = {
  enqueueContract,
  getContract,
  cancelContract,
  sessionContract,
  stepContract,
  fenceContract,
  progressContract,
  saidContract,
  waitContract,
  feedContract,
  inspectContract,
  consumersContract,
  upkeepContract,
  queuesContract,
  priorityContract,
  lanesContract,
  limitsContract,
  orderedContract,
  releaseContract,
  ratesContract,
  pauseContract,
  expiryContract,
  uniqueContract,
  flowsContract,
  flowEndsContract,
  retentionContract,
  schedulesContract,
  failedContract,
  historyContract,
  findContract,
  tracesContract,
}

export type Group = keyof typeof GROUPS

export const ALL_GROUPS = Object.keys(GROUPS) as Group[]

/**
 * @param asked Which groups of claims; default: all.
 * @param exceptions Which of them do not hold for this store, and why.
 */
export function storeContract(
  name: string,
  open: Open,
  { asked = ALL_GROUPS, exceptions = {} }: { asked?: readonly Group[]; exceptions?: Exceptions } = {},
): void {
  describe(name, () => {
    const { test, met } = excepting(stage(open), exceptions)
    for (const group of asked) GROUPS[group](test)
    base('what is excepted is in the contract', () => {
      expect([...met].toSorted()).toEqual(Object.values(exceptions).flat().toSorted())
    })
  })
}
