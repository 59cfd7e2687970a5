// Promise 13: what a newer version wrote is left to those who can read it.
import { all } from '../history.ts'
import { lossesOf } from './losses.ts'
import type { Rule } from './rule.ts'

export const versions: Rule = (history) => {
  const began = new Set(all(history, 'began').map(({ id }) => id))
  return all(history, 'newer').flatMap(({ id, state }) => {
    if (began.has(id)) return [`${id}, which a newer version wrote, was run`]
    if (state === 'kept') return []
    return state === 'gone' && lossesOf(history).all.length > 0
      ? []
      : [`${id}, which a newer version wrote, is ${state}`]
  })
}
