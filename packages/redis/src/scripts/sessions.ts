import type { Hold } from '@lovage/core'
import { JOB_KEYS } from '../keys.ts'
import { defineScript, headed, lua } from '../script.ts'
import { feed } from './feed.ts'
import { evenWhenFull } from './full.ts'
import { handBack, remember, tidy } from './hands.ts'
import { header } from './header.ts'
import { left, unheard } from './idle.ts'
import { ring } from './line.ts'
import { lookAround } from './marker.ts'
import { works } from './works.ts'

const SESSION_KEYS = [...JOB_KEYS, 'info', 'pulse'] as const

const hands = lua`
  ${evenWhenFull}
  ${feed}
  ${header}
  ${ring}
  ${tidy}
  ${remember}
  ${works}
  ${handBack}
`

/** `forget(name)`: nothing is left of a session but what it holds. Takes `workers`, `info`, `pulse` and `prefix`. */
const forget = lua`
  local function forget(name)
    redis.call('ZREM', workers, name)
    redis.call('HDEL', info, name)
    redis.call('HDEL', pulse, name)
    redis.call('DEL', prefix .. 'ctl:' .. name)
    ${left}
  end
`

/**
 * Starts a session. When it replaces another one, the jobs that the worker knows of become its own under the
 * same moment of claim, and those it never heard of go back to the line.
 *
 * A hold that this session has already is as good as one of the old session's: so the call can be repeated.
 * Items: `id, claimedAt` for each hold. Answers the lost ids.
 */
export const join = defineScript({
  name: 'join',
  keys: SESSION_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'session', 'leaseMs', 'replaces', 'said'],
  repeatable: true,
  body: lua`
    ${hands}
    ${forget}
    redis.call('ZADD', workers, nowMs + leaseMs, session)
    if said ~= '' then redis.call('HSET', info, session, said) end
    local lost = {}
    if replaces ~= '' then
      for at = items + 1, #ARGV, 2 do
        local id, claimedAt = ARGV[at], ARGV[at + 1]
        local hold = redis.call('HGET', active, id)
        if hold == replaces .. '@' .. claimedAt then
          redis.call('HSET', active, id, session .. '@' .. claimedAt)
        elseif hold ~= session .. '@' .. claimedAt then
          lost[#lost + 1] = id
        end
      end
      local lingering = redis.call('HGETALL', prefix .. 'lingering')
      for i = 1, #lingering, 2 do
        local all = cjson.decode(lingering[i + 1])
        for _, one in ipairs(all) do
          if one.session == replaces then one.session = session end
        end
        redis.call('HSET', prefix .. 'lingering', lingering[i], cjson.encode(all))
      end
      handBack({ [replaces] = true }, false)
      forget(replaces)
    end
    return { 'joined', unpack(lost) }
  `,
  decode: headed(['joined'], (_, lost) => ({ lost: lost as string[] })),
})

export const holdItems = (holds: readonly Hold[]): (string | number)[] =>
  holds.flatMap(({ id, claimedAt }) => [id, claimedAt])

/**
 * Renews a lease, then reaps. In this order: a session that comes late, but before anybody missed it, has
 * lost nothing. Only a death costs the look through all that is running.
 *
 * Items: queues, to look around in for a worker that is idle.
 */
export const extend = defineScript({
  name: 'extend',
  keys: SESSION_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'session', 'leaseMs'],
  repeatable: true,
  body: lua`
    ${hands}
    ${forget}
    ${unheard}
    local isAlive = redis.call('ZSCORE', workers, session)
    if isAlive then redis.call('ZADD', workers, nowMs + leaseMs, session) end
    local dead = redis.call('ZRANGE', workers, '-inf', nowText, 'BYSCORE')
    local isDead, areUnheard = {}, {}
    for _, name in ipairs(dead) do
      isDead[name] = true
      unheard(name, areUnheard)
      forget(name)
    end
    if #dead > 0 then handBack(isDead, true, areUnheard) end
    if #ARGV == items then return { isAlive and 'alive' or 'reaped', #dead, 0, -1 } end
    ${lookAround}
    return { isAlive and 'alive' or 'reaped', #dead, isWork and 1 or 0, nextDueMs }
  `,
  decode: headed(['alive', 'reaped'], (word, rest) => {
    const [reaped, work, nextDueMs] = rest as [reaped: number, work: number, nextDueMs: number]
    return {
      alive: word === 'alive',
      reaped,
      work: work === 1,
      nextDueMs: nextDueMs === -1 ? null : nextDueMs,
    }
  }),
})

/** What a session holds and has not begun starts elsewhere. Items: `id, claimedAt` for each hold. */
export const handBackHeld = defineScript({
  name: 'handBackHeld',
  keys: SESSION_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'session'],
  repeatable: false,
  body: lua`
    ${hands}
    local ids, holds = {}, {}
    for at = items + 1, #ARGV, 2 do
      local id, claimedAt = ARGV[at], ARGV[at + 1]
      if not holds[id] and redis.call('HGET', active, id) == session .. '@' .. claimedAt then
        ids[#ids + 1] = id
        holds[id] = { session, claimedAt }
      end
    end
    putBack(ids, holds, false)
    return { 'done' }
  `,
  decode: headed(['done'], () => undefined),
})

/** Ends a session; what it was running starts anew elsewhere, and the attempt does not count. */
export const leave = defineScript({
  name: 'leave',
  keys: SESSION_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'session'],
  repeatable: true,
  body: lua`
    ${hands}
    ${forget}
    forget(session)
    local returned = handBack({ [session] = true }, false)
    tidy()
    return { 'left', returned }
  `,
  decode: headed(['left'], (_, [returned]) => ({ returned: returned as number })),
})
