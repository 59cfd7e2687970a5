import { enqueuedAtOf, type QueueDepth } from '@lovage/core'
import { defineScript, lua } from '../script.ts'

/** Tombstones that are taken off what waits; of more, those that no claim has passed yet are counted along. */
const TOMBS_MAX = 10_000
/** Lanes of a queue, and jobs at the head of each, that are looked at for who has waited longest. */
const LANES_MAX = 20
const HEAD_MAX = 10
/** Jobs of which it is known when they came due: the newest ones. */
const DUE_KEPT = 1_000
const DUE_KEPT_MS = 86_400_000

/**
 * Keeps when delayed jobs went to their lines: their ids tell when they were enqueued, which is no measure of how long they
 * have waited. A moment by itself stands for those that were claimed then without having been in line; should one be handed
 * back, it is, and with it whoever else was claimed in that ms. `entries`: moments and ids in turn.
 */
export const keepSince = lua`
  local since = prefix .. 'since'
  redis.call('ZADD', since, unpack(entries))
  redis.call('ZREMRANGEBYRANK', since, '0', '${-DUE_KEPT - 1}')
  redis.call('PEXPIRE', since, '${DUE_KEPT_MS}')
`

/** `cameDue(ids)`: they go to their lines now. Takes the argument `prefix` and uses the time. */
export const cameDue = lua`
  local function cameDue(ids)
    local entries = {}
    for n, id in ipairs(ids) do
      entries[2 * n - 1] = nowText
      entries[2 * n] = id
    end
    ${keepSince}
  end
`

/**
 * Every queue in which somebody waits: name, how many, then ids at the heads of its lines, each with the moment when it
 * came due (nil: it never was delayed).
 *
 * `queues` names those beside `default` whose plain lines were used, `laned` counts what waits in lanes.
 */
export const depths = defineScript({
  name: 'depths',
  keys: ['jobs', 'tombs'],
  args: ['prefix'],
  repeatable: true,
  body: lua`
    local dead = {}
    if redis.call('HLEN', tombs) <= ${TOMBS_MAX} then
      for _, line in ipairs(redis.call('HVALS', tombs)) do dead[line] = (dead[line] or 0) + 1 end
    end
    local laned = {}
    local counts = redis.call('HGETALL', prefix .. 'laned')
    for n = 1, #counts, 2 do laned[counts[n]] = tonumber(counts[n + 1]) end
    local names, isNamed = { 'default' }, { default = true }
    local function name(queue)
      if not isNamed[queue] then names[#names + 1] = queue end
      isNamed[queue] = true
    end
    for _, queue in ipairs(redis.call('SMEMBERS', prefix .. 'queues')) do name(queue) end
    for queue in pairs(laned) do name(queue) end

    local found = {}
    for _, queue in ipairs(names) do
      local heads = {}
      local function look(line)
        local function add(id) heads[#heads + 1] = { id, redis.call('ZSCORE', prefix .. 'since', id) } end
        local urgent = redis.call('ZRANGE', prefix .. 'prio:' .. line, '0', '0')[1]
        if urgent then add(urgent) end
        for _, id in ipairs(redis.call('LRANGE', prefix .. 'wait:' .. line, '0', '${HEAD_MAX - 1}')) do
          if redis.call('HEXISTS', jobs, id) == 1 then return add(id) end
        end
      end
      local plain = redis.call('LLEN', prefix .. 'wait:' .. queue) + redis.call('ZCARD', prefix .. 'prio:' .. queue)
      if plain == 0 then redis.call('SREM', prefix .. 'queues', queue) end
      local count = plain - (dead[queue] or 0) + (laned[queue] or 0)
      if count > 0 then
        look(queue)
        for _, lane in ipairs(redis.call('ZRANGE', prefix .. 'ready:' .. queue, '0', '${LANES_MAX - 1}')) do look(lane) end
        found[#found + 1] = { queue, count, heads }
      end
    end
    return found
  `,
  decode: (reply): QueueDepth[] =>
    (reply as DepthRow[])
      .map(([queue, queued, heads]) => {
        const times = heads.map(([id, since]) => (since ? Number(since) : enqueuedAtOf(id)))
        const known = times.filter((at) => at !== null)
        return { queue, queued, oldestAt: known.length === 0 ? null : Math.min(...known) }
      })
      .toSorted((a, b) => (a.queue < b.queue ? -1 : 1)),
})

type DepthRow = [queue: string, queued: number, heads: [id: string, since?: string | null][]]
