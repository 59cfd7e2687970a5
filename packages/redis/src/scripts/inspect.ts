import type { Pulse, StoredInspection, StoredRun, WorkerInfo } from '@lovage/core'
import { defineScript, headed, lua } from '../script.ts'
import { fromText } from '../text.ts'
import { ANCHOR } from './hands.ts'
import { header } from './header.ts'
import { time } from './time.ts'

/** Bytes of records that one look reads, inputs included, since a record can only be read whole. */
const READ_MAX = 8 * 1024 * 1024

/** Keeps what a worker says of itself, for as long as its session is there. */
export const pulse = defineScript({
  name: 'pulse',
  keys: ['workers', 'pulse'],
  args: ['now', 'session', 'said'],
  repeatable: true,
  body: lua`
    ${time}
    if not redis.call('ZSCORE', workers, session) then return 'reaped' end
    redis.call('HSET', pulse, session, nowText .. ' ' .. said)
    return 'alive'
  `,
  decode: headed(['alive', 'reaped'], (word) => ({ alive: word === 'alive' })),
})

/**
 * All sessions whose lease runs, with what they said and how many jobs each holds, and the jobs that have been in
 * somebody's hands for longest.
 *
 * Answers the moment; the sessions as name, end of its lease, jobs, info, pulse; the jobs as id, session, claimed at,
 * attempt, task, owner (as JSON), progress.
 */
export const inspect = defineScript({
  name: 'inspect',
  keys: ['jobs', 'active', 'workers', 'tries', 'progress', 'info', 'pulse'],
  args: ['now', 'running'],
  repeatable: true,
  body: lua`
    ${time}
    ${header}
    local runs, countOf = {}, {}
    local held = redis.call('HGETALL', active)
    for at = 1, #held, 2 do
      local session, claimedAt = string.match(held[at + 1], '^(.*)@(%d+)$')
      if session and held[at] ~= '${ANCHOR}' then
        runs[#runs + 1] = { held[at], session, claimedAt }
        countOf[session] = (countOf[session] or 0) + 1
      end
    end
    table.sort(runs, function(a, b)
      if a[3] == b[3] then return a[1] < b[1] end
      return tonumber(a[3]) < tonumber(b[3])
    end)

    local listed, bytes = {}, 0
    for n = 1, math.min(#runs, tonumber(running)) do
      local run = runs[n]
      local id = run[1]
      bytes = bytes + redis.call('HSTRLEN', jobs, id)
      if bytes > ${READ_MAX} then break end
      local task, owner = header(redis.call('HGET', jobs, id))
      local attempt = (redis.call('HGET', tries, id) or 0) + 1
      listed[n] = { id, run[2], run[3], attempt, task, owner, redis.call('HGET', progress, id) }
    end

    local sessions = {}
    local alive = redis.call('ZRANGE', workers, '(' .. nowText, '+inf', 'BYSCORE', 'WITHSCORES')
    for at = 1, #alive, 2 do
      local name = alive[at]
      local said = redis.call('HGET', info, name)
      sessions[#sessions + 1] = { name, alive[at + 1], countOf[name] or 0, said, redis.call('HGET', pulse, name) }
    end
    return { nowMs, sessions, listed }
  `,
  decode(reply): StoredInspection {
    const [at, sessions, running] = reply as [number, SessionRow[], RunRow[]]
    return {
      at,
      sessions: sessions.map(sessionOf).toSorted((a, b) => (a.session < b.session ? -1 : 1)),
      running: running.map(runOf),
    }
  },
})

type SessionRow = [
  name: string,
  leaseUntil: string,
  running: number,
  info: string | null,
  pulse: string | null,
]

function sessionOf([
  session,
  leaseUntil,
  running,
  info,
  said,
]: SessionRow): StoredInspection['sessions'][number] {
  return {
    session,
    leaseUntil: Number(leaseUntil),
    running,
    info: info === null ? null : (JSON.parse(info) as WorkerInfo),
    pulse: said === null ? null : pulseOf(said),
  }
}

function pulseOf(said: string): { at: number; pulse: Pulse } {
  const border = said.indexOf(' ')
  return { at: Number(said.slice(0, border)), pulse: JSON.parse(said.slice(border + 1)) as Pulse }
}

type RunRow = [
  id: string,
  session: string,
  claimedAt: string,
  attempt: number,
  task: string,
  owner: string,
  progress: string | null,
]

function runOf([id, session, claimedAt, attempt, task, owner, progress]: RunRow): StoredRun {
  const run = {
    id,
    task: JSON.parse(task) as string,
    owner: JSON.parse(owner) as string | null,
    attempt,
    session,
    startedAt: Number(claimedAt),
  }
  return progress === null ? run : { ...run, progress: fromText(progress) }
}
