import { type Held, type NewJob, newJobId, START, type Store } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  childOf,
  claimOne,
  failed,
  feedAfter,
  joinAll,
  kept,
  newJob,
  parentOf,
  report,
  retrying,
  saying,
  settle,
  step,
  succeeded,
} from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const ENQUEUED = `00-${'a'.repeat(32)}-${'1'.repeat(16)}-01`
const ATTEMPT = `00-${'a'.repeat(32)}-${'2'.repeat(16)}-01`

const traced = (id: string, options: Partial<NewJob> = {}): NewJob =>
  newJob(id, { ...options, options: { ...options.options, trace: ENQUEUED } })
const inSpan = <Job extends Held>(job: Job): Job => ({ ...job, trace: ATTEMPT })

/** `type trace`, with the trace shortened to whose it is. */
async function places(store: Store): Promise<string[]> {
  const whose = (trace: string | undefined): string =>
    trace === undefined ? 'nowhere' : trace === ENQUEUED ? 'enqueue' : trace === ATTEMPT ? 'attempt' : trace
  return (await feedAfter(store, START)).map(({ type, trace }) => `${type} ${whose(trace)}`)
}

/** A job may carry its place in a trace, and its notices name theirs. */
export function tracesContract(test: ContractTest): void {
  describe('a place in a trace', () => {
    test('comes with the job to whoever claims it, gets it, or finds it failed and retries it', async ({
      store,
    }) => {
      await store.enqueue([traced('a'), newJob('b')])
      await joinAll(store, 's1')
      const a = await claimOne(store, 's1')
      expect(a.options).toEqual({ trace: ENQUEUED })
      expect((await claimOne(store, 's1')).options).toEqual({})
      expect(await store.get('a')).toMatchObject({ job: { options: { trace: ENQUEUED } } })
      await settle(store, 's1', failed(inSpan(a)))
      expect(await store.get('a')).toMatchObject({ state: 'failed', trace: ATTEMPT })
      const newId = newJobId()
      await store.retry([{ id: 'a', newId }])
      expect((await claimOne(store, 's1')).options).toEqual({ trace: ENQUEUED, retryOf: 'a' })
    })

    test('stands at notices of an attempt as the worker says, and at others as the job does', async ({
      store,
      clock,
    }) => {
      await store.enqueue([traced('a', { announce: true })])
      await joinAll(store, 's1')
      const [first] = (await step(store, 's1', { claim: 1, announce: new Set(['score']) })).claimed
      await store.progress('s1', [report(inSpan(first!), 1)])
      await store.say('s1', [
        saying(inSpan(first!), { type: 'chunk', first: 0, count: 1, dropped: 0, data: { json: '"x"' } }),
      ])
      await settle(store, 's1', retrying(inSpan(first!), 0))
      await clock.advance(1)
      const second = await claimOne(store, 's1')
      await settle(store, 's1', { ...succeeded(inSpan(second)), progress: { json: '2' } })
      expect(await places(store)).toEqual([
        'queued enqueue',
        'started enqueue',
        'progress attempt',
        'chunk nowhere',
        'retrying attempt',
        'progress attempt',
        'succeeded attempt',
      ])
      expect(await store.get('a')).toMatchObject({ state: 'succeeded', trace: ATTEMPT })
    })

    test('is that of the enqueue where a job ends without its worker', async ({ store, clock }) => {
      await store.enqueue([
        traced('cancelled'),
        traced('expired', { expiresMs: 1, ...kept }),
        traced('laned', { options: { lane: 'x' }, announce: true }),
      ])
      await store.cancel(cancelOf('cancelled'))
      await clock.advance(2)
      await joinAll(store, 's1')
      await step(store, 's1', {})
      expect(await places(store)).toEqual(['queued enqueue', 'cancelled enqueue', 'expired enqueue'])
      expect(await store.get('cancelled')).toMatchObject({ trace: ENQUEUED })
    })

    test('is there for the parts of a flow and for the whole', async ({ store }) => {
      const trace = { options: { ...kept.options, trace: ENQUEUED } }
      await store.enqueue([
        parentOf('whole', 2, { isGroup: true, ...trace }),
        childOf('whole', 0, { id: 'one', ...trace }),
        childOf('whole', 1, { id: 'two', ...trace }),
      ])
      await joinAll(store, 's1')
      await settle(store, 's1', succeeded(inSpan(await claimOne(store, 's1'))))
      await settle(store, 's1', succeeded(inSpan(await claimOne(store, 's1'))))
      expect(await places(store)).toEqual([
        'succeeded attempt',
        'progress enqueue',
        'succeeded attempt',
        'progress enqueue',
        'succeeded enqueue',
      ])
    })

    test('is nowhere where nobody traces, whatever metadata and owner may say', async ({ store }) => {
      const options = { metadata: `{"trace":"${ENQUEUED}"}`, tags: [`"trace":"${ENQUEUED}"`] }
      await store.enqueue([
        newJob('a', { announce: true, options, owner: `~${ATTEMPT}` }),
        newJob('b', { announce: true, options: { metadata: options.metadata }, owner: '12-~ab' }),
      ])
      await joinAll(store, 's1')
      const { claimed } = await step(store, 's1', { claim: 2, announce: new Set(['score']) })
      await settle(store, 's1', ...claimed.map((job) => succeeded(job)))
      const notices = await feedAfter(store, START)
      expect(new Set(notices.map(({ trace }) => trace))).toEqual(new Set([undefined]))
      expect(new Set(notices.map(({ owner }) => owner))).toEqual(new Set([`~${ATTEMPT}`, '12-~ab']))
    })

    test('stands beside an attempt and an owner that look alike', async ({ store, clock }) => {
      await store.enqueue([traced('a', { owner: '12~ab-=x' })])
      await joinAll(store, 's1')
      await settle(store, 's1', retrying(inSpan(await claimOne(store, 's1')), 0))
      await clock.advance(1)
      await settle(store, 's1', succeeded(inSpan(await claimOne(store, 's1'))))
      const [, last] = await feedAfter(store, START)
      expect(last).toMatchObject({ type: 'succeeded', attempt: 2, owner: '12~ab-=x', trace: ATTEMPT })
    })
  })
}
