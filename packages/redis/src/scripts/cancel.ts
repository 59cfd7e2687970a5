import type { CancelReply, CancelRequest } from '@lovage/core'
import { JOB_KEYS } from '../keys.ts'
import { decodeOutcome } from '../outcome.ts'
import { unreadable } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import { buried } from './dead.ts'
import { feed, marked, optional } from './feed.ts'
import { evenWhenFull } from './full.ts'
import { tidy } from './hands.ts'
import { header } from './header.ts'
import { ring } from './line.ts'
import { works } from './works.ts'

/**
 * Ends a live job, and those that it waits for. A running one is fenced from here on, and its session is told
 * through its `ctl` list.
 */
export const cancel = defineScript({
  name: 'cancel',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'failedMaxAgeMs', 'id', 'by', 'reason', 'ttlMs'],
  repeatable: true,
  body: lua`
    ${evenWhenFull}
    ${feed}
    ${optional}
    ${header}
    ${ring}
    ${tidy}
    ${works}
    ${buried}
    local record = redis.call('HGET', jobs, id)
    if not record then
      local outcome = redis.call('GET', prefix .. 'r:' .. id) or buried(id)
      if outcome then return { 'ended', outcome } end
      return { 'missing' }
    end
    if not isKnown(record) then return { 'unsupported', record } end
    local at = works().placeOf(record)
    local cursor = works().cancelOne(id, at, optional(by), optional(reason), tonumber(ttlMs))
    seal()
    boundResults()
    return { 'cancelled', cursor }
  `,
  decode: headed(['cancelled', 'ended', 'missing', 'unsupported'], (word, [detail]) => {
    const text = detail as string
    return (id: string): CancelReply => {
      switch (word) {
        case 'cancelled':
          return { outcome: 'cancelled', cursor: text }
        case 'ended':
          return { outcome: 'ended', state: decodeOutcome(id, text).state }
        case 'missing':
          return { outcome: 'missing' }
        case 'unsupported':
          throw unreadable(id, text)
        default:
          return word satisfies never
      }
    }
  }),
})

export const cancelArgs = ({ id, by, reason, ttlMs }: CancelRequest) => ({
  id,
  by: marked(by),
  reason: marked(reason),
  ttlMs: Math.round(ttlMs),
})
