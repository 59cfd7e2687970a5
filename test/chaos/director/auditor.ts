/**
 * The auditor stands beside Redis, is never cut, and writes down how it was: every record of the stream, and who holds
 * what, in looks that are one atomic act each. He reads Redis itself and uses nothing of what he audits but the names of
 * keys and the words of the stream, which are public.
 */
import type { JobNoticeType } from '@lovage/core'
import { Redis } from 'ioredis'
import type { Scribe } from '../history.ts'

const TYPES: Record<string, JobNoticeType> = {
  PENDING: 'queued',
  STARTED: 'started',
  PROGRESS: 'progress',
  LOG: 'log',
  CHUNK: 'chunk',
  RETRY: 'retrying',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  REVOKED: 'cancelled',
  EXPIRED: 'expired',
}

const OF_ATTEMPTS: ReadonlySet<JobNoticeType> = new Set(['started', 'retrying', 'succeeded', 'failed'])

const LOOK_MS = 200

/** Who holds jobs now: `active` by task and by key, beside what the gates have counted. */
const LOOK = `
  local prefix, held = ARGV[1], {}
  local active = redis.call('HGETALL', prefix .. 'active')
  for i = 1, #active, 2 do
    if string.find(active[i + 1], '@%d+$') then
      local record = redis.call('HGET', prefix .. 'jobs', active[i])
      if record then held[#held + 1] = record end
    end
  end
  return { held, redis.call('HGETALL', prefix .. 'taken'), redis.call('XLEN', prefix .. 'outcomes') }
`

type Fields = Record<string, string>

/** What is kept of a record, to count anew when some are taken back. */
interface Counted {
  seq: number
  jobId: string
  owner: string | null
  isEnd: boolean
  type: JobNoticeType
}

export interface AuditorOptions {
  port: number
  /** The hash tag of what he reads. */
  tag: string
  streamMaxLen: number
  /** Absent where there is one feed. */
  partition?: number
}

export class Auditor {
  readonly #scribe: Scribe
  readonly #options: AuditorOptions
  readonly #reader: Redis
  readonly #looker: Redis
  readonly #prefix: string
  #isOver = false
  #place = '0-0'
  #held: Promise<void> | null = null
  #release = (): void => {}
  #records: Counted[] = []
  /** Number of the newest record that was read. */
  seq = 0
  readonly ended = new Map<string, JobNoticeType>()
  /** The same for the jobs of each owner. */
  readonly seqOf = new Map<string | null, number>()
  readonly #tasks: Promise<unknown>[]

  constructor(options: AuditorOptions, scribe: Scribe) {
    const { port, tag } = options
    this.#options = options
    this.#scribe = scribe
    this.#prefix = `{${tag}}:`
    this.#reader = connect(port)
    this.#looker = connect(port)
    this.#tasks = [this.#read(), this.#look()]
  }

  async close(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#tasks)
    this.#reader.disconnect()
    this.#looker.disconnect()
  }

  /** Reads nothing more until `resume`. Answers up to where he has read. */
  hold(): string {
    this.#held = new Promise((resolve) => (this.#release = resolve))
    return this.#place
  }

  /** What another one has read from there on. */
  add(records: readonly [id: string, flat: string[]][]): void {
    for (const [id, flat] of records) this.#write(id, flat)
  }

  /** The store knows the feed up to this number only, and nothing of what came after. */
  resume(survived: number): void {
    this.#records = this.#records.filter(({ seq }) => seq <= survived)
    this.ended.clear()
    this.seqOf.clear()
    this.seq = survived
    for (const record of this.#records) this.#count(record)
    this.#held = null
    this.#release()
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      try {
        const reply = await this.#reader.xread(
          'COUNT',
          1_000,
          'BLOCK',
          500,
          'STREAMS',
          `${this.#prefix}outcomes`,
          this.#place,
        )
        await this.#held
        for (const [id, flat] of reply?.[0]?.[1] ?? []) if (isAfter(id, this.#place)) this.#write(id, flat)
      } catch {
        await pause(50)
      }
    }
  }

  #write(id: string, flat: string[]): void {
    this.#place = id
    const field: Fields = {}
    for (let i = 0; i < flat.length; i += 2) field[flat[i] as string] = flat[i + 1] as string
    const { task_id: jobId = '', task_name: task = '', status = '', owner = null, attempt, result } = field
    const type = TYPES[status] as JobNoticeType
    this.seq = Number(field['seq'])
    const { partition } = this.#options
    this.#scribe.write('record', {
      ...(partition !== undefined && { partition }),
      seq: this.seq,
      jobId,
      task,
      type,
      owner,
      // When the script says that it ran: the id is of when the server came to this record.
      time: Date.parse(field['timestamp'] ?? ''),
      ...(OF_ATTEMPTS.has(type) && { attempt: Number(attempt ?? 1) }),
      ...(type === 'succeeded' && result !== undefined && { result }),
    })
    const isEnd = ['succeeded', 'failed', 'cancelled', 'expired'].includes(type)
    const record = { seq: this.seq, jobId, owner, isEnd, type }
    this.#records.push(record)
    this.#count(record)
  }

  #count({ seq, jobId, owner, isEnd, type }: Counted): void {
    this.seqOf.set(owner, seq)
    if (isEnd) this.ended.set(jobId, type)
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      await pause(LOOK_MS)
      try {
        const look = await this.#looker.eval(LOOK, 0, this.#prefix)
        const [held, flat, records] = look as [string[], string[], number]
        const taken: Record<string, number> = {}
        for (let i = 0; i < flat.length; i += 2) taken[flat[i] as string] = Number(flat[i + 1])
        const { streamMaxLen } = this.#options
        this.#scribe.write('counted', { held: heldBy(held), taken, records, streamMaxLen })
      } catch {
        // Redis is down or full: there is nothing to see.
      }
    }
  }
}

/** A record is `[version, task, owner, options, …]`: the gates are named as the store names them. */
function heldBy(records: readonly string[]): Record<string, number> {
  const held: Record<string, number> = {}
  const add = (gate: string): void => void (held[gate] = (held[gate] ?? 0) + 1)
  for (const record of records) {
    const [, task, , options] = JSON.parse(record) as [number, string, string | null, { lane?: string } | 0]
    add(`t:${task}`)
    const lane = options === 0 ? undefined : options.lane
    if (lane) add(`k:${task}\n${lane}`)
  }
  return held
}

function isAfter(id: string, place: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number)
  const [placeMs = 0, placeN = 0] = place.split('-').map(Number)
  return ms > placeMs || (ms === placeMs && n > placeN)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Never waits in line behind an outage: the next look is another. */
function connect(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', {
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  })
  redis.on('error', () => {})
  return redis
}
