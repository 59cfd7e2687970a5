/** The figures that were last taken, in a file beside the measurements: what the page is made from. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { Taken } from './figures.ts'

export interface Results {
  /** Where all of them were taken. */
  machine: string
  /** Of what plays, by name. */
  versions: Record<string, string>
  figures: Taken[]
}

/** Found from the source and from what is built of it. */
const FILE = 'results.json'
const GIB = 2 ** 30
const PACKAGES = ['bullmq', 'bee-queue', 'groupmq', 'ioredis', 'ws', '@trpc/server', 'typescript']

export function readResults(bench: string): Results {
  try {
    return JSON.parse(readFileSync(join(bench, FILE), 'utf8')) as Results
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { machine: '', versions: {}, figures: [] }
  }
}

/** One line a figure, so that a change shows what has changed. */
export function writeResults(bench: string, { machine, versions, figures }: Results): void {
  const lines = figures.map((figure) => `    ${JSON.stringify(figure)}`).join(',\n')
  const head = JSON.stringify({ machine, versions }, null, 2).slice(0, -2)
  writeFileSync(join(bench, FILE), `${head},\n  "figures": [\n${lines}\n  ]\n}\n`)
}

/** New figures take the place of old ones; those of another machine are not kept beside them. */
export function merged(old: Results, { machine, versions, figures }: Results): Results {
  const taken = new Set(figures.map(({ figure }) => figure))
  const kept = old.machine === machine ? old.figures.filter(({ figure }) => !taken.has(figure)) : []
  return {
    machine,
    versions: { ...(old.machine === machine && old.versions), ...versions },
    figures: [...kept, ...figures].map(precise),
  }
}

/** As many digits as such a figure can mean. */
function precise(taken: Taken): Taken {
  const rounds = Object.entries(taken.rounds).map(([who, values]) => [
    who,
    values.map((value) => Number(value.toPrecision(5))),
  ])
  return { ...taken, rounds: Object.fromEntries(rounds) as Taken['rounds'] }
}

export function thisMachine(): string {
  const [first] = cpus()
  const cores = cpus().length
  return `${cores} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / GIB)} GiB, ${type()} ${release().split('-')[0]}`
}

export function versionsHere(redisServer: string, celery: string | undefined): Record<string, string> {
  const require = createRequire(import.meta.url)
  const of = (name: string): string => {
    // Not all let their package.json be required.
    const paths = require.resolve.paths(name) ?? []
    for (const path of paths) {
      try {
        return (JSON.parse(readFileSync(join(path, name, 'package.json'), 'utf8')) as { version: string })
          .version
      } catch {
        // Not in this one.
      }
    }
    return 'unknown'
  }
  const redis = /v=([\d.]+)/.exec(execFileSync(redisServer, ['--version'], { encoding: 'utf8' }))?.[1]
  return {
    node: process.versions.node,
    redis: redis ?? 'unknown',
    ...Object.fromEntries(PACKAGES.map((name) => [name, of(name)])),
    ...(celery !== undefined && { celery }),
  }
}
