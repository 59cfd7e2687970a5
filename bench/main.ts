/** Behind `npm run bench`: which questions, asked how, and where the answers go. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lineOf, type Taken } from './kit/figures.ts'
import { written } from './kit/page.ts'
import { pingUs } from './kit/ping.ts'
import { wanted, wantedFigures } from './kit/question.ts'
import { merged, readResults, thisMachine, versionsHere, writeResults } from './kit/results.ts'
import { run } from './kit/run.ts'
import type { StartRedis } from './kit/stage.ts'
import { aligned, rows } from './kit/table.ts'
import { celeryVersion } from './peers/celery.ts'
import { questions } from './questions.ts'

export interface Around {
  /** The root of the repository. */
  root: string
  startRedis: StartRedis
  /** The path of the program that it starts. */
  redisServer: string
  /** Takes what is asked for: tables, or lines of JSON. */
  print: (text: string) => void
  /** Takes everything else. */
  tell: (text: string) => void
}

const OPTIONS = {
  /** Figures or questions that begin so; also without the option. */
  only: { type: 'string', multiple: true },
  /** Only these contestants. */
  peers: { type: 'string' },
  /** One round, and smaller ones. */
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  /** Puts what was taken into the results and the page. */
  write: { type: 'boolean', default: false },
} as const

/** @throws TypeError for options that there are not, Error for names that nothing begins with */
export async function bench(args: readonly string[], around: Around): Promise<void> {
  const { print, tell } = around
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  if (values.write && (values.quick || values.peers !== undefined))
    throw new Error('what is written must be whole: --write goes with neither --quick nor --peers')
  const prefixes = [...(values.only ?? []), ...positionals].flatMap((text) => text.split(','))
  const asked = wanted(questions, prefixes)
  if (asked.length === 0) throw new Error(`no figure begins with ${prefixes.join(' or ')}. ${listing()}`)
  const celery = celeryVersion()
  const peers = values.peers?.split(',') ?? []
  const absent: Record<string, string> = {}
  if (values.quick)
    for (const slow of ['celery', 'groupmq'])
      if (!peers.includes(slow)) absent[slow] = 'takes too long for --quick'
  if ('missing' in celery) absent['celery'] = celery.missing
  for (const [name, why] of Object.entries(absent)) tell(`${name} is left out: ${why}`)
  const running = {
    startRedis: around.startRedis,
    isQuick: values.quick,
    peers,
    absent,
    tell,
  }
  const ping = values.write ? await pingUs(around.startRedis) : undefined
  for (const question of asked) {
    const figures: Taken[] = []
    const from = performance.now()
    for (const measure of question.measures) {
      const names = wantedFigures(question, measure, prefixes)
      if (names.length === 0 || (values.quick && measure.isSlow && prefixes.length === 0)) continue
      tell(`measuring: ${names.join(', ')}`)
      const taken = (await run(question, measure, running))
        .filter(({ figure }) => names.includes(figure))
        .map((figure) => ({ ...figure, ...(ping !== undefined && { pingUs: ping }) }))
      figures.push(...taken)
      if (values.json) for (const figure of taken) print(JSON.stringify(lineOf(figure)))
      if (values.write) keep(taken, around, 'version' in celery ? celery.version : undefined)
    }
    tell(`${question.name} took ${Math.round((performance.now() - from) / 1_000)} s`)
    if (!values.json && figures.length > 0) print(`\n${question.asks}\n${aligned(rows(figures))}`)
  }
}

/** After each measure, so that whoever is interrupted keeps what there is and asks for the rest with `--only`. */
function keep(figures: Taken[], { root, redisServer }: Around, celery: string | undefined): void {
  const folder = join(root, 'bench')
  const machine = thisMachine()
  const results = merged(readResults(folder), {
    machine,
    versions: versionsHere(redisServer, celery),
    figures,
  })
  writeResults(folder, results)
  const page = join(root, 'docs/benchmarks.md')
  writeFileSync(page, written(readFileSync(page, 'utf8'), questions, results))
}

const listing = (): string =>
  `There are: ${questions.flatMap(({ measures }) => measures.flatMap(({ figures }) => Object.keys(figures))).join(', ')}.`
