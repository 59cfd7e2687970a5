/**
 * What the players of a chaos run write down, a line of JSON each, as it happens. A line is in the file before the
 * player goes on, so that a SIGKILL takes none away. Times are those of the machine's monotonic clock, which all
 * processes share and no clock jump moves.
 */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { JobNoticeType, JobState } from '@lovage/core'

/** One notice as a follower got it. */
export interface Heard {
  type: JobNoticeType | 'ready' | 'gap'
  seq: number
  jobId?: string
  attempt?: number
  missed?: number
  /** Of a joint cursor, the number in each partition; `seq` is that of the partition of the job, and 0 where there is none. */
  places?: number[]
  /** Of `ready`: the feed begins anew. */
  restarted?: true
  /** Of `succeeded`, as text. */
  result?: string
}

interface Delivered {
  group: string
  member: string
  /** Of a `gap` none, since it has no job. */
  jobId?: string
  seq: number
  deliveries: number
}

interface Facts {
  /** How many partitions there are, where there is more than one. */
  stage: { partitions: number }
  /** A caller is about to enqueue. Whether the job is there afterwards is not known until it is `accepted`. */
  asked: { id: string; task: string; owner: string | null; input: { n: number; key?: string } }
  accepted: { id: string }
  /** A call was refused with this code; `null`: with what is no LovageError. */
  refused: { call: string; id: string; code: string | null; message: string }
  /** A worker was given a job. `claimedAt`: the store's time. */
  claimed: { id: string; task: string; session: string; claimedAt: number; attempt: number }
  /** A step with this settlement was answered; `isLost`: the fence had closed. */
  settled: { id: string; session: string; claimedAt: number; to: string; isLost: boolean }
  /** A handler was called, and ended. `run` is its own. */
  began: { id: string; run: string; attempt: number }
  ended: { id: string; run: string; how: string }
  /** A worker heard that it holds a job no longer. */
  dropped: { id: string; why: 'cancelled' | 'lost' }
  /** A follower, which may outlive its process, begins at this number of the feed, and is given this. */
  follows: { line: string; of: 'feed' | 'job'; after: number; owner: string | null; jobId?: string }
  heard: Heard & { line: string; cursor?: string }
  /** A follower of a job came to the end of its loop. */
  done: { line: string }
  /** `get` answered this after that notice was heard. */
  looked: {
    id: string
    after: JobNoticeType
    attempt: number
    state: JobState
    seen: number
    result?: string
  }
  /** A consumer joined its group, was given a notice (or a `gap`), acked it. */
  consumes: { group: string; member: string; owner: string | null; types: readonly JobNoticeType[] }
  delivered: Delivered & { missed?: number }
  /** It is about to ack; whether that was heard is not known until it is `acked`. */
  acking: Delivered
  acked: Delivered & { outcome: 'acked' | 'late' }
  /** The group is there: from this number of the feed on nothing is to be missed. */
  opened: { group: string; after: number; ackWaitMs: number }
  /** What the auditor, who stands beside Redis and is never cut, reads from the stream. */
  record: {
    /** Absent where there is one feed. */
    partition?: number
    seq: number
    jobId: string
    task: string
    type: JobNoticeType
    owner: string | null
    /** The store's time, ms. */
    time: number
    attempt?: number
    result?: string
  }
  /** What the auditor counted in one look: jobs that are held, by gate. */
  counted: {
    held: Record<string, number>
    taken: Record<string, number>
    /** How long the stream was, and is to be about. */
    records: number
    streamMaxLen: number
  }
  /** The auditor's last look at each job. */
  final: { id: string; state: JobState | 'absent'; result?: string }
  /** What has become of the job that only a newer version could read. */
  newer: { id: string; state: 'kept' | 'touched' | 'gone' }
  /** Keys that are there when all is over and should not be. */
  leftover: { keys: string[] }
  /** Something did not come to its end in time. */
  stuck: { what: string }
  /** A schedule's moments at the beginning and at the end, as Redis has them. */
  ticks: { schedule: string; everyMs: number; first: number; last: number }
  /**
   * The store was set back: records above this number are gone, and what it answered after that moment may be; what it had
   * answered before is there.
   */
  lost: { kind: string; since: number; survived: number }
  fault: { kind: string; target: string; detail: string }
  healed: { kind: string; target: string }
  /** Node warned a player: of a leak, or of what it does no longer. */
  warned: { name: string; stack: string }
  /** A player ended otherwise than it was told to. */
  crashed: { code: number | null; signal: string | null; stderr: string }
}

export type Fact = keyof Facts
export type EntryOf<F extends Fact> = { fact: F; at: number; who: string } & Facts[F]
export type Entry = { [F in Fact]: EntryOf<F> }[Fact]

/** ms, by the clock that all processes of a machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

export class Scribe {
  readonly #file: number
  readonly #who: string

  constructor(folder: string, who: string) {
    this.#who = who
    this.#file = openSync(join(folder, `${who}.jsonl`), 'a')
  }

  write<F extends Fact>(fact: F, what: Facts[F]): void {
    writeSync(this.#file, `${JSON.stringify({ fact, at: monotonicMs(), who: this.#who, ...what })}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** All that was written in a folder, or by some of its writers, in order. A line that its writer did not finish is none. */
export function readHistory(folder: string, writers = ''): Entry[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(writers) && file.endsWith('.jsonl'))
    .flatMap((file) => readLines(join(folder, file)))
    .toSorted((a, b) => a.at - b.at)
}

function readLines(file: string): Entry[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Entry)
}

/** Which partition a job is in, as the end of its id says. */
export const homeOf = (id: string, partitions: number): number =>
  Number.parseInt(id.slice(-4), 16) % partitions

/** The entries of one kind. */
export const all = <F extends Fact>(history: readonly Entry[], fact: F): EntryOf<F>[] =>
  history.filter((entry) => entry.fact === fact) as unknown as EntryOf<F>[]

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
