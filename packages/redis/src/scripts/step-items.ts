/** What `step` is given: settlements and holds, laid out as arguments. */
import type { Hold, Settlement, StepRequest } from '@lovage/core'
import { cut, failureDocument, MESSAGE_MAX, successDocument } from '../outcome.ts'
import { toText } from '../text.ts'
import { marked } from './feed.ts'

/** Arguments of one settlement: `id, hold, to, ms, task, marks, value, document`. */
export const WIDTH = 8

/**
 * A report that comes with a settlement is one of its own, just before it. `settleCount` is how many that
 * makes.
 */
export function stepItems({ session, queues, settle, release = [], verify = [] }: StepRequest): {
  settleCount: number
  items: string[]
} {
  const items: string[] = [...queues]
  const push = (held: Settlement, to: string, ms: number, value: string, document: string): void => {
    const { id, task, owner, attempt, trace } = held
    const marks =
      (attempt === 1 ? '' : `${attempt}`) + (trace === undefined ? '' : `~${trace}`) + marked(owner)
    items.push(id, tokenOf(session, held), to, `${Math.round(ms)}`, task, marks, value, document)
  }
  for (const held of settle) {
    if (held.progress !== undefined) push(held, 'report', 0, toText(held.progress), '')
    switch (held.to) {
      case 'succeeded':
        push(held, held.to, held.ttlMs, toText(held.result), successDocument(held))
        break
      case 'failed':
        push(held, held.to, held.ttlMs, failureText(held.error), failureDocument(held, held.error))
        break
      case 'retrying':
        push(held, held.to, held.delayMs, failureText(held.error), '')
        break
      default:
        held satisfies never
    }
  }
  const settleCount = (items.length - queues.length) / WIDTH
  items.push(...release)
  for (const hold of verify) items.push(hold.id, tokenOf(session, hold))
  return { settleCount, items }
}

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
