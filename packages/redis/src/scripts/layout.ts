import { defineScript, headed, lua } from '../script.ts'

/**
 * How the partitions of a queue lie, as whoever came first has said; a queue may have been used without any before. Nothing
 * `wanted`: only to know.
 */
export const layout = defineScript({
  name: 'layout',
  keys: ['tail'],
  args: ['prefix', 'wanted'],
  repeatable: true,
  body: lua`
    local known = redis.call('GET', prefix .. 'layout')
    if known then return { 'partitioned', known } end
    if redis.call('EXISTS', tail, prefix .. 'jobs', prefix .. 'schedules') > 0 then return { 'whole' } end
    if wanted == '' then return { 'unused' } end
    redis.call('SET', prefix .. 'layout', wanted)
    return { 'partitioned', wanted }
  `,
  decode: headed(['partitioned', 'whole', 'unused'], (is, [text]) =>
    is === 'partitioned' ? { is, text: text as string } : { is },
  ),
})
