/** Behind `npm run bench`: which questions, asked how, and where the answers go. */
import { parseArgs } from 'node:util'
import { lineOf } from './kit/figures.ts'
import { wanted, wantedFigures } from './kit/question.ts'
import { run } from './kit/run.ts'
import type { StartRedis } from './kit/stage.ts'
import { aligned, rows } from './kit/table.ts'
import { celeryVersion } from './peers/celery.ts'
import { questions } from './questions.ts'

export interface Around {
  startRedis: StartRedis
  /** Takes what is asked for: tables, or lines of JSON. */
  print: (text: string) => void
  /** Takes everything else. */
  tell: (text: string) => void
}

/** @throws TypeError for options that there are not, Error for names that nothing begins with */
export async function bench(args: readonly string[], { startRedis, print, tell }: Around): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const prefixes = [...values.only, ...positionals].flatMap((text) => text.split(','))
  const peers = values.peers?.split(',') ?? []
  const asked = wanted(questions, prefixes)
  if (asked.length === 0) throw new Error(`no figure begins with ${prefixes.join(' or ')}. ${listing()}`)
  const celery = celeryVersion()
  const absent: Record<string, string> = 'missing' in celery ? { celery: celery.missing } : {}
  for (const [name, why] of Object.entries(absent)) tell(`${name} is left out: ${why}`)
  for (const question of asked) {
    tell(`asking: ${question.name}`)
    const figures = []
    for (const measure of question.measures) {
      const names = wantedFigures(question, measure, prefixes)
      const all = await run(question, measure, { startRedis, isQuick: values.quick, peers, absent, tell })
      const taken = all.filter(({ figure }) => names.includes(figure))
      figures.push(...taken)
      if (values.json) for (const figure of taken) print(JSON.stringify(lineOf(figure)))
    }
    if (!values.json) print(`\n${question.asks}\n${aligned(rows(figures))}`)
  }
}

const listing = (): string =>
  `There are: ${questions.flatMap(({ measures }) => measures.flatMap(({ figures }) => Object.keys(figures))).join(', ')}.`
