import { JOB_KEYS } from '../keys.ts'
import { RECORD_VERSION } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import { buried } from './dead.ts'
import { feed } from './feed.ts'
import { tidy } from './hands.ts'
import { header } from './header.ts'
import { ring, takenOut } from './line.ts'
import { special } from './special.ts'
import { time } from './time.ts'
import { works } from './works.ts'

/**
 * Makes new jobs of failed ones. Items: `id, newId` for each. Answers the ids, of the failed ones, that were.
 *
 * The new record says whose new run it is; an expiry and a place in a flow are not taken along.
 */
export const retryFailed = defineScript({
  name: 'retryFailed',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'failedMaxAgeMs'],
  repeatable: true,
  body: lua`
    ${feed}
    ${header}
    ${ring}
    ${tidy}
    ${works}
    ${special}
    ${buried}
    local retried = {}
    for n = items + 1, #ARGV, 2 do
      local id, newId = ARGV[n], ARGV[n + 1]
      local _, record = buried(id)
      local isTaken = redis.call('HEXISTS', jobs, newId) == 1 or redis.call('EXISTS', prefix .. 'r:' .. newId) == 1
      if record and isKnown(record) and not isTaken then
        local _, _, options = header(record)
        local at = works().placeOf(record)
        local rest = string.sub(record, #at.head + 1)
        local of = '"retryOf":' .. cjson.encode(id)
        local kept = options == '0' and '' or string.sub(options, 2, -2)
        kept = string.gsub(string.gsub(kept, ',?"retryOf":"[^"]*"', ''), '^,', '')
        options = '{' .. kept .. (kept ~= '' and ',' or '') .. of .. '}'
        redis.call('HDEL', prefix .. 'dead', id)
        redis.call('ZREM', prefix .. 'failed', id)
        ${takenOut('newId')}
        redis.call('HSET', jobs, newId, '[${RECORD_VERSION},' .. at.taskJson .. ',' .. at.ownerJson .. ',' .. options .. ',' .. rest)
        works().enter(newId, at.line, at.options.priority)
        index(newId, at.options.tags, nowText)
        retried[#retried + 1] = id
      end
    end
    return { 'retried', unpack(retried) }
  `,
  decode: headed(['retried'], (_, ids) => ids as string[]),
})

/** Forgets failed jobs. Items: ids. Answers those that were. */
export const discard = defineScript({
  name: 'discard',
  keys: [],
  args: ['now', 'prefix', 'failedMaxAgeMs'],
  repeatable: true,
  body: lua`
    ${time}
    ${buried}
    local discarded = {}
    for n = items + 1, #ARGV do
      if buried(ARGV[n]) then
        redis.call('ZREM', prefix .. 'failed', ARGV[n])
        redis.call('HDEL', prefix .. 'dead', ARGV[n])
        discarded[#discarded + 1] = ARGV[n]
      end
    end
    return { 'discarded', unpack(discarded) }
  `,
  decode: headed(['discarded'], (_, ids) => ids as string[]),
})
