/**
 * What `step` is given: settlements and holds, laid out as arguments.
 *
 * Settlements come in runs. Those in a row that differ in nothing but job and result, as most of a busy worker do,
 * share one head, `count, to, hold, ms, task, marks, document`, and add two arguments each: `id, value`. An argument
 * costs worker and server as much as a good part of a command.
 */
import type { Held, Hold, Settlement, StepRequest } from '@lovage/core'
import { cut, failureDocument, MESSAGE_MAX, successDocument } from '../outcome.ts'
import { toText } from '../text.ts'
import { marked } from './feed.ts'

/** Arguments at the head of a run. */
export const HEAD = 7

/**
 * A report that comes with a settlement is one of its own, just before it. `settleSize` is how many arguments all
 * that makes.
 */
export function stepItems({ session, queues, settle, release = [], verify = [] }: StepRequest): {
  settleSize: number
  items: (string | number)[]
} {
  const items: (string | number)[] = [...queues]
  let last: Settlement | undefined
  let lastHead = 0
  const begin = (held: Settlement, to: string, ms: number, document: string): void => {
    lastHead = items.length
    items.push(0, to, tokenOf(session, held), Math.round(ms), held.task, marksOf(held), document)
  }
  const add = ({ id }: Settlement, value: string): void => {
    items[lastHead] = (items[lastHead] as number) + 1
    items.push(id, value)
  }
  for (const held of settle) {
    if (held.progress !== undefined) {
      begin(held, 'report', 0, '')
      add(held, toText(held.progress))
    }
    switch (held.to) {
      case 'succeeded':
        if (last === undefined || held.progress !== undefined || !areAlike(last, held)) {
          begin(held, held.to, held.ttlMs, successDocument(held))
        }
        add(held, toText(held.result))
        break
      case 'failed':
        begin(held, held.to, held.ttlMs, failureDocument(held, held.error))
        add(held, failureText(held.error))
        break
      case 'retrying':
        begin(held, held.to, held.delayMs, '')
        add(held, failureText(held.error))
        break
      default:
        held satisfies never
    }
    last = held
  }
  const settleSize = items.length - queues.length
  items.push(...release)
  for (const hold of verify) items.push(hold.id, tokenOf(session, hold))
  return { settleSize, items }
}

/** What a notice says beside what all of them say: the attempt, a trace after a tilde, an owner after an equals sign. */
export const marksOf = ({ owner, attempt, trace }: Held): string =>
  (attempt === 1 ? '' : `${attempt}`) + (trace === undefined ? '' : `~${trace}`) + marked(owner)

/** Whether the head of one says what that of the other would. */
const areAlike = (one: Settlement, other: Settlement): boolean =>
  one.to === 'succeeded' &&
  other.to === 'succeeded' &&
  one.claimedAt === other.claimedAt &&
  one.task === other.task &&
  one.owner === other.owner &&
  one.attempt === other.attempt &&
  one.trace === other.trace &&
  one.options === other.options &&
  one.ttlMs === other.ttlMs

const tokenOf = (session: string, { claimedAt }: Hold): string => `${session}@${claimedAt}`

/** The name on a line of its own: an error that puts a line feed into it is not asked for more. */
const failureText = ({ name, message }: { name: string; message: string }): string =>
  `${name.replaceAll('\n', ' ')}\n${cut(message, MESSAGE_MAX)}`

const announced = new WeakMap<ReadonlySet<string>, string>()

/** The names as JSON, one a line, so that the script finds one in it without taking it apart. */
export function announceText(tasks: ReadonlySet<string> | undefined): string {
  if (tasks === undefined || tasks.size === 0) return ''
  let text = announced.get(tasks)
  if (text === undefined) {
    text = `\n${[...tasks].map((task) => JSON.stringify(task)).join('\n')}\n`
    announced.set(tasks, text)
  }
  return text
}
