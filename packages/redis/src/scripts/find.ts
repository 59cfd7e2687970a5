import { type Found, LovageError, type Search } from '@lovage/core'
import { defineScript, headed, lua } from '../script.ts'
import { buried } from './dead.ts'
import { ANCHOR } from './hands.ts'
import { time } from './time.ts'

/** Entries of one score among which a place is looked for that has moved. */
const NEAR = 1_000

/** `isShown(id)`: whether `get` answers it. */
const shown = lua`
  ${buried}
  local function isShown(id)
    return redis.call('HEXISTS', jobs, id) == 1 or redis.call('EXISTS', prefix .. 'r:' .. id) == 1 or buried(id) ~= nil
  end
`

/**
 * Ids of jobs, a page at a time. `source`: `tag:<tag>`, or a state. `after` is what the page before answered as its
 * end: a place in a sorted set (`<score>:<how many of that score came up to it>:<mark of the last one>`), or the cursor of
 * a scan.
 *
 * Answers where the next page begins (nil: nowhere), and the ids.
 */
export const find = defineScript({
  name: 'find',
  keys: ['jobs', 'later', 'retry', 'active'],
  args: ['now', 'prefix', 'failedMaxAgeMs', 'source', 'limit', 'after'],
  repeatable: true,
  body: lua`
    ${time}
    ${shown}
    local found = {}
    -- A place is told to whoever asked, and the job that stands there may be somebody else's.
    local function markOf(id) return string.sub(redis.sha1hex(id), 1, 16) end
    local function walk(key, isDown, isWanted)
      -- Entries that come before all of some score.
      local function before(score)
        if isDown then return redis.call('ZCOUNT', key, '(' .. score, '+inf') end
        return redis.call('ZCOUNT', key, '-inf', '(' .. score)
      end
      local function entries(first, last) return redis.call(isDown and 'ZREVRANGE' or 'ZRANGE', key, first, last) end
      local edge, passed, mark = string.match(after, '^([^:]*):(%d+):(%x+)$')
      local from = 0
      if edge then
        from = before(edge)
        -- It stands where it stood, or near it; if it has gone all of its score come once more.
        local here = entries(from + passed - 1, from + passed - 1)[1]
        if here and markOf(here) == mark then from = from + passed
        else
          for n, id in ipairs(entries(from, from + ${NEAR} - 1)) do
            if markOf(id) == mark then
              from = from + n
              break
            end
          end
        end
      end
      local page = redis.call(isDown and 'ZREVRANGE' or 'ZRANGE', key, from, from + limit, 'WITHSCORES')
      local count = math.min(#page, 2 * limit)
      for i = 1, count, 2 do
        if isWanted(page[i], page[i + 1]) then found[#found + 1] = page[i] end
      end
      if #page <= count then return { false, found } end
      local score = page[count]
      return { score .. ':' .. (from + count / 2 - before(score)) .. ':' .. markOf(page[count - 1]), found }
    end
    -- A scan gives as many at a time as it likes: a page may end within one of its answers.
    local function scan(key, isWanted)
      local at, skip = string.match(after, '^(%d+):(%d+)$')
      at, skip = at or '0', tonumber(skip or 0)
      local page = redis.call('HSCAN', key, at, 'COUNT', limit)
      local entries = page[2]
      for i = 1 + 2 * skip, #entries, 2 do
        if #found == tonumber(limit) then return { at .. ':' .. (i - 1) / 2, found } end
        if isWanted(entries[i]) then found[#found + 1] = entries[i] end
      end
      return { page[1] ~= '0' and page[1] .. ':0', found }
    end

    local tag = string.match(source, '^tag:(.*)$')
    if tag then
      local index = prefix .. 'tag:' .. tag
      return walk(index, false, function(id)
        if isShown(id) then return true end
        redis.call('ZREM', index, id)
      end)
    end
    if source == 'failed' then
      local edge = nowMs - failedMaxAgeMs
      return walk(prefix .. 'failed', true, function(_, at) return tonumber(at) > edge end)
    end
    if source == 'scheduled' or source == 'retrying' then
      local isRetrying = source == 'retrying' and 1 or 0
      return walk(later, false, function(id) return redis.call('SISMEMBER', retry, id) == isRetrying end)
    end
    if source == 'waiting' then return scan(prefix .. 'flows', function() return true end) end
    if source == 'running' then return scan(active, function(id) return id ~= '${ANCHOR}' end) end
    return scan(jobs, function(id)
      return redis.call('HEXISTS', active, id) == 0 and not redis.call('ZSCORE', later, id)
        and redis.call('HEXISTS', prefix .. 'flows', id) == 0
    end)
  `,
  decode(reply): Found {
    const [next, ids] = reply as [next: string | null, ids: string[]]
    return { ids, next }
  },
})

export const sourceOf = (search: Search): string => ('tag' in search ? `tag:${search.tag}` : search.state)

const IN_ORDER: readonly string[] = ['failed', 'scheduled', 'retrying'] satisfies (Search & {
  state: string
})['state'][]

/** @throws LovageError `CURSOR_INVALID` */
export function checkAfter(search: Search, after: string): void {
  const isInOrder = 'tag' in search || IN_ORDER.includes(search.state)
  const form = isInOrder ? /^\d+(\.\d+)?(e\+\d+)?:[1-9]\d{0,9}:[0-9a-f]{16}$/ : /^\d+:\d+$/
  if (after !== '' && !form.test(after)) throw new LovageError('CURSOR_INVALID', { cursor: after })
}

/** The newest job that was enqueued to be the last one of its task and owner. */
export const last = defineScript({
  name: 'last',
  keys: ['jobs'],
  args: ['now', 'prefix', 'failedMaxAgeMs', 'task', 'owner'],
  repeatable: true,
  body: lua`
    ${time}
    ${shown}
    local id = redis.call('GET', prefix .. 'last:' .. task .. '\n' .. owner)
    if not id then return { 'none' } end
    return { isShown(id) and 'found' or 'none', id }
  `,
  decode: headed(['found', 'none'], (word, [id]) => (word === 'found' ? (id as string) : null)),
})
