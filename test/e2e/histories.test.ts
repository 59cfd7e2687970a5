// A checker of histories. Clients write down what they see while sockets, API processes, workers and connections to
// Redis are cut at random; afterwards each history is compared with the feed as it is kept, notice by notice. The seed
// is printed: SEED=… repeats its choices, CUTS=… makes it longer.
import { isTerminal, type Notice, parseCursor } from '@lovage/core'
import { expect, inject, test } from 'vitest'
import { chanceOf } from '../kit/chance.ts'
import { transports } from '../kit/transports.ts'
import { type Client, House, surely } from './house.ts'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const CUTS = Number(process.env['CUTS'] ?? 6)
const OPEN = 20 // jobs that are under way at once

const entry = (notice: Notice): string => `${notice.cursor} ${notice.type}`

/** Writes down the notices of a feed, from the beginning, until it is told that it has seen all. */
class Reader {
  readonly seen: Notice[] = []
  readonly ended = new Set<string>()
  #heard = (): void => {}
  #isOver = false
  #reload = new AbortController()
  readonly #done: Promise<void>

  constructor(open: (index: number) => Client) {
    this.#done = this.#read(open)
  }

  /** As a page that is loaded anew: nothing is left but the cursor that was stored. */
  reload(): void {
    this.#reload.abort()
  }

  async untilEnded(count: number): Promise<void> {
    while (this.ended.size < count) {
      await Promise.race([this.#done, new Promise<void>((resolve) => void (this.#heard = resolve))])
    }
  }

  async leave(): Promise<void> {
    this.#isOver = true
    this.#reload.abort()
    await this.#done
  }

  async #read(open: (index: number) => Client): Promise<void> {
    let stored = 'start'
    for (let index = 0; !this.#isOver; index++) {
      this.#reload = new AbortController()
      const client = open(index)
      for await (const notice of client.jobs.notices({ from: stored, signal: this.#reload.signal })) {
        stored = notice.cursor
        if (notice.type === 'ready') continue
        this.seen.push(notice)
        if (isTerminal(notice)) this.ended.add(notice.jobId)
        this.#heard()
      }
      await client.close()
    }
  }
}

async function feedAsItIs(house: House): Promise<Notice[]> {
  const kept: Notice[] = []
  for await (const notice of house.queue.notices({ from: 'start' })) {
    if (notice.type === 'ready') break
    kept.push(notice)
  }
  return kept
}

test(`${CUTS} cuts anywhere: every follower saw every notice once and in order, and get agrees (SEED=${SEED})`, async () => {
  console.log(`histories: SEED=${SEED} CUTS=${CUTS}`)
  const { below } = chanceOf(SEED)
  await using house = await House.open(inject('redisUrl'))
  const options = transports.map(([, transport]) => transport)
  const readers = [
    new Reader(() => house.client(options[0])),
    new Reader(() => house.client(options[1])),
    new Reader((index) => house.client(options[index % 2])), // the one who reloads
  ]
  const caller = house.client()

  const histories = new Map<string, Promise<Notice[]>>()
  const follow = async (job: AsyncIterable<Notice>): Promise<Notice[]> => {
    const notices: Notice[] = []
    for await (const notice of job) notices.push(notice)
    return notices
  }
  const cut: string[] = []
  const ways = [...Object.entries(house.cuts), ['reload', async () => readers[2]?.reload()] as const]
  for (let n = 0; cut.length < CUTS; n++) {
    await readers[0]!.untilEnded(n - OPEN)
    const job = await surely((id) => caller.jobs.double.enqueue({ n }, { id }))
    histories.set(job.id, follow(job))
    if (below(10) > 0) continue
    const [name, act] = ways[below(ways.length)]!
    cut.push(name)
    await act()
  }
  for (const reader of readers) await reader.untilEnded(histories.size)

  const kept = await feedAsItIs(house)
  const all = kept.map(entry)
  expect(new Set(all).size).toBe(all.length)
  for (const reader of readers) {
    await reader.leave()
    expect(reader.seen.map(entry), `after ${cut.join(', ')}`).toEqual(all)
  }
  for (const [id, history] of histories) {
    const notices = (await history).filter((notice) => 'jobId' in notice)
    const own = kept.filter((notice) => 'jobId' in notice && notice.jobId === id)
    expect(notices.map(entry), `job ${id}, after ${cut.join(', ')}`).toEqual(own.map(entry))
    expect(own.filter(isTerminal)).toHaveLength(1)
    const end = own.find(isTerminal)
    const job = await surely(() => caller.jobs.get(id))
    expect(job.state).toBe(end?.type)
    if (end?.type === 'succeeded') expect(job).toMatchObject({ result: end.result })
  }
  await caller.close()
}, 180_000)

test(`who is away for longer than the feed reaches back is told how much he missed, exactly (SEED=${SEED})`, async () => {
  const { below } = chanceOf(SEED)
  await using house = await House.open(inject('redisUrl'), { STREAM_MAX_LEN: '100' })
  const readers = transports.map(([, transport]) => new Reader(() => house.client(transport)))
  const { line } = house
  const there = line.target
  let ended = 0
  for (let round = 0; round < 3; round++) {
    line.target = 1 // nobody is there
    line.cut()
    const inputs = Array.from({ length: 100 + below(300) }, (_, n) => ({ n }))
    const handles = await house.queue.double.enqueueMany(inputs, { owner: 'ada' })
    await Promise.all(handles.map((job) => job.result()))
    line.target = there
    // One more, which everybody sees, however much he missed.
    const last = await house.queue.double.enqueue({ n: 0 }, { owner: 'ada' })
    await last.result()
    ended += inputs.length + 1
    for (const reader of readers)
      while (!reader.ended.has(last.id)) await reader.untilEnded(reader.ended.size + 1)
  }
  for (const reader of readers) {
    await reader.leave()
    let next = 1
    let missed = 0
    for (const notice of reader.seen) {
      if (notice.type === 'gap') {
        next += notice.missed
        missed += notice.missed
      } else expect(parseCursor(notice.cursor).seq).toBe(next++)
    }
    expect(missed).toBeGreaterThan(0)
    expect(reader.ended.size).toBeLessThan(ended)
  }
}, 120_000)
