import { LovageError, type StoredSchedule, type Tick } from '@lovage/core'
import { decodeRecord, encodeRecord } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import { ring } from './line.ts'
import { time } from './time.ts'

/** Adds or changes a schedule. `text` is all of it but its next moment. */
export const putSchedule = defineScript({
  name: 'putSchedule',
  keys: [],
  args: ['prefix', 'name', 'text', 'nextAt'],
  repeatable: true,
  body: lua`
    ${ring}
    local schedules = prefix .. 'schedules'
    local known = redis.call('HGET', schedules, name)
    if known == text then return 'same' end
    redis.call('HSET', schedules, name, text)
    redis.call('HSET', prefix .. 'ticks', name, nextAt)
    redis.call('ZADD', prefix .. 'timers', nextAt, 's:' .. name)
    ring('default')
    return known and 'changed' or 'added'
  `,
  decode: headed(['added', 'changed', 'same'], (word) => word),
})

export const removeSchedule = defineScript({
  name: 'removeSchedule',
  keys: [],
  args: ['prefix', 'name'],
  repeatable: true,
  body: lua`
    redis.call('HDEL', prefix .. 'ticks', name)
    redis.call('ZREM', prefix .. 'timers', 's:' .. name)
    return redis.call('HDEL', prefix .. 'schedules', name) == 1 and 'removed' or 'missing'
  `,
  decode: headed(['removed', 'missing'], (word) => word === 'removed'),
})

/** All schedules: name, text and next moment of each in turn. */
export const schedules = defineScript({
  name: 'schedules',
  keys: [],
  args: ['now', 'prefix'],
  repeatable: true,
  body: lua`
    ${time}
    local all = redis.call('HGETALL', prefix .. 'schedules')
    local answer = { 'schedules', nowText }
    for i = 1, #all, 2 do
      answer[#answer + 1] = all[i]
      answer[#answer + 1] = all[i + 1]
      answer[#answer + 1] = redis.call('HGET', prefix .. 'ticks', all[i])
    end
    return answer
  `,
  decode: headed(['schedules'], (_, [, ...rest]) => schedulesIn(rest as string[])),
})

const VERSION = 1

interface Document {
  v: number
  record: string
  spec: string
  source: StoredSchedule['source']
}

export const scheduleText = ({ job, spec, source }: StoredSchedule): string =>
  JSON.stringify({ v: VERSION, record: encodeRecord({ id: '', ...job }), spec, source } satisfies Document)

/** Schedules of which name, text and next moment come in turn. @throws LovageError `VERSION_UNSUPPORTED` */
function schedulesIn(flat: readonly (string | null)[]): StoredSchedule[] {
  const found: StoredSchedule[] = []
  for (let i = 0; i < flat.length; i += 3) {
    const [name, text, nextAt] = flat.slice(i, i + 3)
    if (typeof name !== 'string' || typeof text !== 'string') continue // removed at this very moment
    const { v, record, spec, source } = JSON.parse(text) as Document
    if (v > VERSION) {
      throw new LovageError('VERSION_UNSUPPORTED', { what: `The schedule ${name}`, seen: v, known: VERSION })
    }
    const { id: _, ...job } = decodeRecord(name, record)
    found.push({ name, job, spec, source, nextAt: Number(nextAt) })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The same as ticks, in the order in which they are due. @throws LovageError `VERSION_UNSUPPORTED` */
export const ticksIn = (flat: readonly (string | null)[], now: number): Tick[] =>
  schedulesIn(flat)
    .toSorted((a, b) => a.nextAt - b.nextAt)
    .map((schedule) => ({ schedule, now }))
