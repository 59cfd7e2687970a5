/**
 * Writes the tables of `docs/benchmarks.md` from the results. What stands between two marks belongs to a question and is
 * written anew; the words around them are written by hand.
 */
import type { Taken } from './figures.ts'
import type { Question } from './question.ts'
import type { Results } from './results.ts'
import { rows } from './table.ts'

const MARKED = /<!-- (figures|machine)(?: (\S+))? -->\n[\s\S]*?<!-- end -->/g

/** @throws Error when it speaks of a question that there is not, or leaves one out */
export function written(page: string, questions: readonly Question[], results: Results): string {
  const missing = new Set(questions.map(({ name }) => name))
  const text = page.replace(MARKED, (_, what: string, name?: string) => {
    if (what === 'machine') return marked('machine', machine(results))
    const question = questions.find((one) => one.name === name)
    if (question === undefined) throw new Error(`the page asks for the figures of ${name}, which nobody asks`)
    missing.delete(question.name)
    return marked(`figures ${question.name}`, section(question, results))
  })
  if (missing.size > 0) throw new Error(`the page has no place for ${[...missing].join(', ')}`)
  return text
}

const marked = (mark: string, text: string): string => `<!-- ${mark} -->\n${text}\n<!-- end -->`

function machine({ machine, versions, figures }: Results): string {
  const dates = figures.map(({ date }) => date).toSorted()
  const between = dates[0] === dates.at(-1) ? `on ${dates[0]}` : `between ${dates[0]} and ${dates.at(-1)}`
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `Taken ${between} on ${machine}, with ${names.join(', ')}.`
}

function section(question: Question, { figures }: Results): string {
  const names = question.measures.flatMap((measure) => Object.keys(measure.figures))
  const found = names.flatMap((name) => figures.find(({ figure }) => figure === name) ?? [])
  if (found.length === 0) return `${question.asks}\n\nNot taken yet.`
  const table = rows(found).map((row) => `| ${row.join(' | ')} |`)
  table.splice(1, 0, `|${'---|'.repeat(table[0]?.split(' | ').length ?? 0)}`)
  const absent = new Map<string, string[]>()
  for (const { missing, what } of found) {
    for (const [who, why] of Object.entries(missing)) {
      const reason = `${who} ${why}`
      absent.set(reason, [...(absent.get(reason) ?? []), what])
    }
  }
  const notes = [...absent].map(([reason, rowsOf]) =>
    rowsOf.length === found.length ? reason : `${reason} (${rowsOf.join('; ')})`,
  )
  return [
    question.asks,
    '',
    ...table,
    ...(notes.length > 0 ? ['', `No figure: ${notes.join('; ')}.`] : []),
    ...pings(found),
  ].join('\n')
}

function pings(found: readonly Taken[]): string[] {
  const known = found.flatMap(({ pingUs }) => pingUs ?? [])
  if (known.length === 0) return []
  const [least, most] = [Math.min(...known), Math.max(...known)]
  return ['', `One \`PING\` and its answer took ${least === most ? least : `${least} to ${most}`} µs.`]
}
