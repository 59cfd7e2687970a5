// Promise 2: whoever has lost a job cannot end it, and the outcome is that of the last one who held it.
import { all, groupBy } from '../history.ts'
import { feedOf, lossesOf } from './losses.ts'
import type { Rule } from './rule.ts'

export const fence: Rule = (history) => {
  const wrong: string[] = []
  const claims = groupBy(all(history, 'claimed'), ({ id }) => id)
  const settled = groupBy(
    all(history, 'settled').filter(({ isLost }) => !isLost),
    ({ id }) => id,
  )
  const { touched } = lossesOf(history)
  for (const [id, outcomes] of settled) {
    if (touched.has(id)) continue // a settlement that was taken back is followed by another
    const finals = outcomes.filter(({ to }) => to !== 'retrying')
    if (finals.length > 1) wrong.push(`${id} was settled ${finals.length} times for good`)
    for (const { session, claimedAt, to } of finals) {
      const later = claims.get(id)?.find((claim) => claim.claimedAt > claimedAt)
      if (later)
        wrong.push(`${id} was settled as ${to} by ${session}, though ${later.session} was given it since`)
    }
  }
  return [...wrong, ...results(history)]
}

/** A result is what a handler returned that ran as this very attempt, and it is right. */
const results: Rule = (history) => {
  const runs = new Map(all(history, 'began').map((entry) => [entry.run, entry]))
  const asked = new Map(all(history, 'asked').map((entry) => [entry.id, entry]))
  return feedOf(history).flatMap(({ jobId, result, attempt }) => {
    const job = asked.get(jobId)
    if (result === undefined || job === undefined) return []
    const { doubled, run } = JSON.parse(result) as { doubled: number; run: string }
    const began = runs.get(run)
    if (doubled !== 2 * job.input.n) return [`${jobId} has the wrong result ${result}`]
    if (began?.id !== jobId) return [`${jobId} has the result of ${began?.id ?? 'nobody'}`]
    return began.attempt === attempt
      ? []
      : [`${jobId} has in attempt ${attempt} the result of ${began.attempt}`]
  })
}
