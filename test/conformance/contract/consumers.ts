import {
  type Cursor,
  DEAD_MAX,
  type Delivered,
  type Delivery,
  type GroupRef,
  type GroupRules,
  MEMBER_TTL_MS,
  type PullReply,
  type PullRequest,
  START,
  type Store,
  streamId,
} from '@lovage/core'
import { describe, expect } from 'vitest'
import { announcedJobs, claim, joinAll, newJob, seqOf, settle, succeeded } from '../acts.ts'
import type { ContractTest } from '../store-contract.ts'

const ACK_WAIT_MS = 30_000
const MAILER: GroupRef = { name: 'mailer', owner: null }

const rules = (changes: Partial<GroupRules> = {}): GroupRules => ({
  tasks: null,
  types: null,
  ackWaitMs: ACK_WAIT_MS,
  maxDeliveries: 3,
  ...changes,
})

interface Opening extends Partial<GroupRules> {
  from?: Cursor | null
  maxGroups?: number
}

const open = (store: Store, { from = null, maxGroups = 10, ...changes }: Opening = {}, group = MAILER) =>
  store.consumers.open({ ...group, rules: rules(changes), from, maxGroups })

async function pull(store: Store, member: string, options: Partial<PullRequest> = {}): Promise<PullReply> {
  const reply = await store.consumers.pull({ ...MAILER, member, window: 100, resume: false, ...options })
  if (reply === null) throw new Error('There is no such group.')
  return reply
}

/** Writes `queued <id>` for each. */
const announce = (store: Store, ...ids: string[]) => store.enqueue(announcedJobs(...ids))

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`)

const jobsOf = (delivered: readonly Delivered[]): string[] => delivered.map(({ notice }) => notice.jobId)

const of = (member: string, { notice, deliveries }: Delivered): Delivery => ({
  member,
  id: streamId(notice.cursor),
  deliveries,
})

const ackAll = (store: Store, member: string, delivered: readonly Delivered[]) =>
  store.consumers.ack(
    MAILER,
    delivered.map((one) => of(member, one)),
  )

async function info(store: Store, group = MAILER) {
  return (await store.consumers.groups()).find(
    ({ name, owner }) => name === group.name && owner === group.owner,
  )
}

export function consumersContract(test: ContractTest): void {
  describe('a group', () => {
    test('begins at the tail, and once opened stays where it is', async ({ store }) => {
      await announce(store, 'a')
      expect(await open(store)).toBe('opened')
      expect((await pull(store, 'm')).delivered).toEqual([])
      await announce(store, 'b')
      expect(await open(store, { from: START })).toBe('joined')
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['b'])
    })

    test('begins at the start of what is kept, or behind a cursor', async ({ store }) => {
      await announce(store, 'a', 'b', 'c')
      const [first] = (await store.range(START, 1)).notices
      await open(store, { from: START })
      await open(store, { from: first!.cursor }, { name: 'later', owner: null })
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['a', 'b', 'c'])
      expect(jobsOf((await pull(store, 'm', { name: 'later' })).delivered)).toEqual(['b', 'c'])
    })

    test('may begin before there is a feed', async ({ store }) => {
      await open(store, { from: START })
      expect(await pull(store, 'm')).toEqual({ delivered: [], gap: null, held: 0, lag: 0, nextDueMs: null })
      await announce(store, 'a')
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['a'])
    })

    test('refuses a cursor that is none', async ({ store }) => {
      await expect(open(store, { from: 'yesterday' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
      expect(await store.consumers.groups()).toEqual([])
    })

    test('is not made when its owner has as many as he may; those of others do not count', async ({
      store,
    }) => {
      const named = (name: string, owner: string | null) => open(store, { maxGroups: 2 }, { name, owner })
      expect(await named('one', 'ada')).toBe('opened')
      expect(await named('two', 'ada')).toBe('opened')
      expect(await named('three', 'ada')).toBe('full')
      expect(await named('two', 'ada')).toBe('joined')
      expect(await named('three', 'ada/two')).toBe('opened')
      expect(await named('three', null)).toBe('opened')
      expect(await store.consumers.pull({ ...MAILER, member: 'm', window: 1, resume: false })).toBeNull()
    })

    test('is known by its owner and its name together', async ({ store }) => {
      await open(store, { from: START }, { name: 'mailer', owner: 'ada' })
      await open(store, { from: START }, { name: 'mailer', owner: 'ada/x' })
      await store.enqueue([
        newJob('hers', { announce: true, owner: 'ada' }),
        newJob('his', { announce: true, owner: 'ada/x' }),
        newJob('nobodys', { announce: true, owner: null }),
      ])
      expect(jobsOf((await pull(store, 'm', { owner: 'ada' })).delivered)).toEqual(['hers'])
      expect(jobsOf((await pull(store, 'm', { owner: 'ada/x' })).delivered)).toEqual(['his'])
    })
  })

  describe('pull', () => {
    test('gives each notice to one member, in order, and each group all of them', async ({ store }) => {
      await open(store)
      await open(store, {}, { name: 'audit', owner: null })
      await announce(store, ...numbered('j', 5))
      const [first, second] = [await pull(store, 'm1', { window: 3 }), await pull(store, 'm2')]
      expect(jobsOf(first.delivered)).toEqual(['j0', 'j1', 'j2'])
      expect(jobsOf(second.delivered)).toEqual(['j3', 'j4'])
      expect(jobsOf((await pull(store, 'm1', { name: 'audit' })).delivered)).toEqual(numbered('j', 5))
      expect([...first.delivered, ...second.delivered].every(({ deliveries }) => deliveries === 1)).toBe(true)
    })

    test('gives what a window has room for, and says how much is left', async ({ store }) => {
      await open(store)
      await announce(store, ...numbered('j', 5))
      const first = await pull(store, 'm', { window: 2 })
      expect(first).toMatchObject({ held: 2, lag: 3 })
      expect(await pull(store, 'm', { window: 2 })).toMatchObject({ delivered: [], held: 2, lag: 3 })
      await ackAll(store, 'm', first.delivered.slice(1))
      const second = await pull(store, 'm', { window: 2 })
      expect(jobsOf(second.delivered)).toEqual(['j2'])
      expect(second).toMatchObject({ held: 2, lag: 2 })
    })

    test('passes over what the filter does not want, and holds nothing of it', async ({ store }) => {
      await open(store, { tasks: ['mail', 'an "odd"\n\\ näme'], types: ['queued', 'succeeded'] })
      await joinAll(store, 's')
      await store.enqueue([
        newJob('a', { task: 'mail' }),
        newJob('b', { task: 'score', announce: true }),
        newJob('c', { task: 'an "odd"\n\\ näme', announce: true }),
      ])
      const claimed = await claim(store, 's')
      await settle(store, 's', ...claimed.map((job) => succeeded(job)))
      const { delivered } = await pull(store, 'm')
      expect(delivered.map(({ notice }) => `${notice.type} ${notice.jobId}`)).toEqual([
        'queued c',
        'succeeded a',
        'succeeded c',
      ])
      expect(await info(store)).toMatchObject({ pending: 3, lag: 0 })
    })

    test('goes by the rules of whoever opened the group last', async ({ store }) => {
      await open(store, { tasks: ['mail'] })
      await open(store, { tasks: ['score'] })
      await announce(store, 'a')
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['a'])
    })

    test('delivers the notice as the feed has it', async ({ store }) => {
      await open(store)
      await joinAll(store, 's')
      await store.enqueue([newJob('a')])
      await settle(store, 's', succeeded((await claim(store, 's'))[0]!, { ok: true }))
      const [delivered] = (await pull(store, 'm')).delivered
      expect(delivered!.notice).toEqual((await store.range(START, 10)).notices[0])
    })
  })

  describe('redelivery', () => {
    test('what is not acked in time goes to whoever pulls next, with one more delivery', async ({
      store,
      clock,
    }) => {
      await open(store)
      await announce(store, 'a', 'b')
      const first = await pull(store, 'm1')
      expect(first.nextDueMs).toBe(ACK_WAIT_MS)
      await ackAll(store, 'm1', first.delivered.slice(0, 1))
      await clock.advance(ACK_WAIT_MS - 1)
      expect(await pull(store, 'm2')).toMatchObject({ delivered: [], nextDueMs: 1 })
      await clock.advance(1)
      const again = await pull(store, 'm2')
      expect(again.delivered.map(({ notice, deliveries }) => [notice.jobId, deliveries])).toEqual([['b', 2]])
      expect(again).toMatchObject({ held: 1, nextDueMs: ACK_WAIT_MS })
      expect(await info(store)).toMatchObject({
        pending: 1,
        members: [
          { member: 'm1', pending: 0 },
          { member: 'm2', pending: 1 },
        ],
      })
    })

    test('comes before what is new, the longest due first', async ({ store, clock }) => {
      await open(store)
      await announce(store, 'a', 'b')
      const [a] = (await pull(store, 'm1', { window: 1 })).delivered
      await clock.advance(1_000)
      await pull(store, 'm2')
      await store.consumers.release(MAILER, 'm2', [])
      await announce(store, 'c')
      await clock.advance(ACK_WAIT_MS)
      const { delivered } = await pull(store, 'm3')
      expect(jobsOf(delivered)).toEqual(['b', 'a', 'c'])
      expect(await store.consumers.ack(MAILER, [of('m1', a!)])).toEqual([false])
    })

    test('a member whose window is full of what is due is given it again', async ({ store, clock }) => {
      await open(store)
      await announce(store, 'a', 'b', 'c')
      const { delivered } = await pull(store, 'm', { window: 2 })
      await clock.advance(ACK_WAIT_MS)
      const again = await pull(store, 'm', { window: 2 })
      expect(jobsOf(again.delivered)).toEqual(['a', 'b'])
      expect(again).toMatchObject({ held: 2, lag: 1 })
      expect(await ackAll(store, 'm', delivered)).toEqual([false, false])
    })

    test('a late ack changes nothing while another has it, and is settled once that one has acked', async ({
      store,
      clock,
    }) => {
      await open(store)
      await announce(store, 'a')
      const late = of('m1', (await pull(store, 'm1')).delivered[0]!)
      await clock.advance(ACK_WAIT_MS)
      const again = await pull(store, 'm2')
      expect(await store.consumers.ack(MAILER, [late, { ...late, member: 'm2' }])).toEqual([false, false])
      expect(await info(store)).toMatchObject({ pending: 1 })
      expect(await ackAll(store, 'm2', again.delivered)).toEqual([true])
      expect(await store.consumers.ack(MAILER, [late])).toEqual([true])
    })

    test('an ack can be repeated', async ({ store }) => {
      await open(store)
      await announce(store, 'a')
      const { delivered } = await pull(store, 'm')
      expect(await ackAll(store, 'm', delivered)).toEqual([true])
      expect(await ackAll(store, 'm', delivered)).toEqual([true])
      expect(await info(store)).toMatchObject({ pending: 0 })
    })

    test('an ack of a group that is not there is settled', async ({ store }) => {
      expect(await store.consumers.ack(MAILER, [{ member: 'm', id: '1-1', deliveries: 1 }])).toEqual([true])
    })

    test('after so many deliveries it is a dead letter, and holds up nobody', async ({ store, clock }) => {
      await open(store, { maxDeliveries: 2 })
      await announce(store, 'a', 'b')
      await ackAll(store, 'm', (await pull(store, 'm')).delivered.slice(1))
      await clock.advance(ACK_WAIT_MS)
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['a'])
      await clock.advance(ACK_WAIT_MS)
      expect(await pull(store, 'm')).toMatchObject({ delivered: [], held: 0, nextDueMs: null })
      expect(await info(store)).toMatchObject({ pending: 0, dead: 1 })
      const [letter] = await store.consumers.dead(MAILER, 10)
      expect(letter).toMatchObject({ deliveries: 2, notice: { jobId: 'a', type: 'queued', task: 'score' } })
      expect(letter!.notice).toEqual((await store.range(START, 1)).notices[0])
    })

    test('of dead letters the newest are kept', async ({ store, clock }) => {
      await open(store, { maxDeliveries: 1 })
      const all = numbered('j', DEAD_MAX + 5)
      for (let at = 0; at < all.length; at += 500) await announce(store, ...all.slice(at, at + 500))
      for (let at = 0; at < all.length; at += 500) {
        await pull(store, 'm', { window: 500 })
        await clock.advance(ACK_WAIT_MS)
      }
      await pull(store, 'm', { window: 500 })
      expect(await info(store)).toMatchObject({ dead: DEAD_MAX + 5 })
      expect(jobsOf(await store.consumers.dead(MAILER, DEAD_MAX + 5))).toEqual(all.slice(5))
      expect(jobsOf(await store.consumers.dead(MAILER, 2))).toEqual(all.slice(-2))
    })
  })

  describe('a member', () => {
    test('who resumes gets what he holds once more, as it was delivered', async ({ store, clock }) => {
      await open(store)
      await announce(store, 'a', 'b', 'c')
      const first = await pull(store, 'm', { window: 2 })
      await clock.advance(ACK_WAIT_MS)
      await ackAll(store, 'm', first.delivered.slice(0, 1))
      const again = await pull(store, 'other')
      expect(jobsOf(again.delivered)).toEqual(['b', 'c'])
      const resumed = await pull(store, 'other', { resume: true })
      expect(resumed.delivered).toEqual(again.delivered)
      expect(await ackAll(store, 'other', resumed.delivered)).toEqual([true, true])

      await announce(store, 'd')
      await pull(store, 'm')
      await clock.advance(ACK_WAIT_MS)
      const late = await pull(store, 'm', { resume: true })
      expect(late.delivered.map(({ notice, deliveries }) => [notice.jobId, deliveries])).toEqual([['d', 2]])
    })

    test('who leaves returns all at once; what he has not looked at does not count', async ({ store }) => {
      await open(store)
      await announce(store, 'a', 'b')
      const { delivered } = await pull(store, 'm1')
      await store.consumers.release(MAILER, 'm1', [of('m1', delivered[0]!)])
      expect(await info(store)).toMatchObject({ members: [], pending: 2 })
      const again = await pull(store, 'm2')
      expect(again.delivered.map(({ notice, deliveries }) => [notice.jobId, deliveries])).toEqual([
        ['a', 2],
        ['b', 1],
      ])
      expect(await ackAll(store, 'm1', delivered)).toEqual([false, false])
    })

    test('who leaves twice, or was never there, changes nothing', async ({ store }) => {
      await open(store)
      await announce(store, 'a')
      await pull(store, 'm1')
      await store.consumers.release(MAILER, 'm1', [])
      await store.consumers.release(MAILER, 'm1', [])
      await store.consumers.release({ name: 'none', owner: null }, 'm1', [])
      expect((await pull(store, 'm2')).delivered[0]!.deliveries).toBe(1)
    })

    test('who is silent and holds nothing is forgotten; one who holds something is not', async ({
      store,
      clock,
    }) => {
      await open(store, { ackWaitMs: 2 * MEMBER_TTL_MS })
      await announce(store, 'a')
      await pull(store, 'holder')
      await pull(store, 'idle')
      await clock.advance(MEMBER_TTL_MS - 1)
      await pull(store, 'alive')
      expect((await info(store))!.members.map(({ member }) => member).sort()).toEqual([
        'alive',
        'holder',
        'idle',
      ])
      await clock.advance(1)
      await pull(store, 'alive')
      expect((await info(store))!.members.map(({ member }) => member).sort()).toEqual(['alive', 'holder'])
    })
  })

  describe('trimming', () => {
    const small = { streamMaxLen: 100, streamCap: 1_000 }
    const writeMany = async (store: Store, prefix: string, count: number): Promise<void> => {
      const all = numbered(prefix, count)
      for (let at = 0; at < count; at += 100) await announce(store, ...all.slice(at, at + 100))
    }
    const drain = async (store: Store, member: string) => {
      const seqs: number[] = []
      let missed = 0
      for (;;) {
        const { delivered, gap } = await pull(store, member)
        if (gap !== null) {
          missed += gap.missed
          await store.consumers.ack(MAILER, [{ member, id: 'gap', deliveries: gap.deliveries }])
        }
        if (delivered.length === 0 && gap === null) return { seqs, missed }
        seqs.push(...delivered.map(({ notice }) => seqOf(notice.cursor)))
        await ackAll(store, member, delivered)
      }
    }
    const oneTo = (count: number, from = 1): number[] =>
      Array.from({ length: count - from + 1 }, (_, n) => n + from)

    test('waits for a group, up to the cap', async ({ openWith }) => {
      const store = await openWith(small)
      await open(store)
      await writeMany(store, 'j', 900)
      expect(await drain(store, 'm')).toEqual({ seqs: oneTo(900), missed: 0 })
    })

    test('waits for the slowest of all groups, and for what is pending', async ({ openWith }) => {
      const store = await openWith(small)
      await open(store)
      await open(store, {}, { name: 'fast', owner: null })
      await announce(store, 'first')
      const [first] = (await pull(store, 'holder', { window: 1 })).delivered
      await writeMany(store, 'j', 500)
      for (let n = 0; n < 6; n++) {
        const { delivered } = await pull(store, 'm', { name: 'fast' })
        await store.consumers.ack(
          { name: 'fast', owner: null },
          delivered.map((one) => of('m', one)),
        )
      }
      await writeMany(store, 'k', 300)
      expect((await store.range(START, 1)).notices[0]).toEqual(first!.notice)
      expect(await drain(store, 'm')).toEqual({ seqs: oneTo(801, 2), missed: 0 })
    })

    test('beyond the cap is told as a gap, to the record, and again until that is acked', async ({
      openWith,
      clock,
    }) => {
      const store = await openWith(small)
      await open(store)
      await writeMany(store, 'j', 3_000)
      const [oldest] = (await store.range(START, 1)).notices
      const missed = seqOf(oldest!.cursor) - 1
      expect(missed).toBeGreaterThan(0)

      const told = await pull(store, 'm1', { window: 1 })
      expect(told.gap).toMatchObject({ missed, deliveries: 1 })
      expect(told.delivered.map(({ notice }) => seqOf(notice.cursor))).toEqual([missed + 1])
      expect((await pull(store, 'm2', { window: 1 })).gap).toBeNull()
      expect((await pull(store, 'm1', { window: 1, resume: true })).gap).toMatchObject({
        missed,
        deliveries: 1,
      })
      await clock.advance(ACK_WAIT_MS)
      expect((await pull(store, 'm2', { window: 1 })).gap).toMatchObject({ missed, deliveries: 2 })
      const ackGap = (member: string, deliveries: number) =>
        store.consumers.ack(MAILER, [{ member, id: 'gap', deliveries }])
      expect(await ackGap('m1', 1)).toEqual([false])
      expect(await info(store)).toMatchObject({ missed })
      expect(await ackGap('m2', 2)).toEqual([true])
      expect(await ackGap('m2', 2)).toEqual([true])
      expect(await info(store)).toMatchObject({ missed: 0 })
      expect((await pull(store, 'm2', { window: 1 })).gap).toBeNull()
    })

    test('every record is delivered or counted as missed, however far behind the group was', async ({
      openWith,
    }) => {
      const store = await openWith(small)
      await open(store)
      await writeMany(store, 'j', 2_500)
      const { seqs, missed } = await drain(store, 'm')
      expect(missed + seqs.length).toBe(2_500)
      expect(seqs).toEqual(oneTo(2_500, missed + 1))
      await writeMany(store, 'k', 50)
      expect(await drain(store, 'm')).toEqual({ seqs: oneTo(2_550, 2_501), missed: 0 })
    })

    test('what was delivered, lost with its member and trimmed is missed', async ({ openWith, clock }) => {
      const store = await openWith(small)
      await open(store)
      await announce(store, 'a', 'b', 'c')
      const { delivered } = await pull(store, 'gone')
      await writeMany(store, 'j', 3_000)
      await ackAll(store, 'gone', delivered.slice(0, 1))
      await clock.advance(ACK_WAIT_MS)
      const { seqs, missed } = await drain(store, 'm')
      expect(missed + seqs.length).toBe(3_002)
    })

    test('a member who leaves with what was trimmed makes it missed', async ({ openWith }) => {
      const store = await openWith(small)
      await open(store)
      await announce(store, 'a', 'b')
      await pull(store, 'leaver')
      await writeMany(store, 'j', 3_000)
      await store.consumers.release(MAILER, 'leaver', [])
      const { seqs, missed } = await drain(store, 'm')
      expect(missed + seqs.length).toBe(3_002)
    })

    test('a gap goes on to another member when its own leaves', async ({ openWith }) => {
      const store = await openWith(small)
      await open(store)
      await writeMany(store, 'j', 3_000)
      const { gap } = await pull(store, 'm1', { window: 1 })
      await store.consumers.release(MAILER, 'm1', [])
      expect((await pull(store, 'm2', { window: 1 })).gap).toMatchObject({
        missed: gap!.missed,
        deliveries: 2,
      })
    })

    test('is as before once the last group is deleted', async ({ openWith }) => {
      const store = await openWith(small)
      await open(store)
      await writeMany(store, 'j', 900)
      await store.consumers.delete(MAILER)
      await writeMany(store, 'k', 100)
      expect(seqOf((await store.range(START, 1)).notices[0]!.cursor)).toBeGreaterThan(700)
    })
  })

  describe('groups', () => {
    test('are listed with what an operator wants to know, by owner and name', async ({ store, clock }) => {
      await open(store)
      await open(store, {}, { name: 'b', owner: 'bob' })
      await open(store, {}, { name: 'z', owner: 'ada' })
      await open(store, {}, { name: 'a', owner: 'ada' })
      await announce(store, 'a', 'b', 'c')
      await pull(store, 'm', { window: 2 })
      expect((await store.consumers.groups()).map(({ owner, name }) => [owner, name])).toEqual([
        [null, 'mailer'],
        ['ada', 'a'],
        ['ada', 'z'],
        ['bob', 'b'],
      ])
      expect((await store.consumers.groups('ada')).map(({ name }) => name)).toEqual(['a', 'z'])
      expect(await store.consumers.groups(null)).toEqual([
        {
          ...MAILER,
          members: [{ member: 'm', pending: 2, seenAt: clock.now() }],
          pending: 2,
          lag: 1,
          missed: 0,
          dead: 0,
        },
      ])
    })

    test('are deleted with all that they kept, and begin anew', async ({ store, clock }) => {
      await open(store, { maxDeliveries: 1 })
      await announce(store, 'a')
      await pull(store, 'm')
      await clock.advance(ACK_WAIT_MS)
      await pull(store, 'm')
      expect(await store.consumers.delete(MAILER)).toBe(true)
      expect(await store.consumers.delete(MAILER)).toBe(false)
      expect(await store.consumers.groups()).toEqual([])
      expect(await store.consumers.dead(MAILER, 10)).toEqual([])
      expect(await store.consumers.pull({ ...MAILER, member: 'm', window: 1, resume: true })).toBeNull()
      await open(store, { from: START })
      expect(jobsOf((await pull(store, 'm')).delivered)).toEqual(['a'])
    })
  })
}
