import { type Counts, Engine } from '@lovage/core'
import { diagnose, openStore, type Finding } from '@lovage/redis'
import { type Context, placeOf } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { Colours, Output } from '../output.ts'

/** A finding about the server, or about the queue on it. */
type Found = Omit<Finding, 'check'> & { check: Finding['check'] | 'workers' }

export async function doctor({ options, out }: Context): Promise<ExitCode> {
  const { redis, partitions } = await placeOf(options)
  const found: Found[] = await diagnose(redis)
  if (found.every(({ status }) => status !== 'problem')) {
    const engine = new Engine({}, openStore({ redis, partitions }), { onWarning: () => {} })
    try {
      found.push(workersOf(await engine.store.counts()))
    } finally {
      await engine.close()
    }
  }
  const isWell = found.every(({ status }) => status !== 'problem')
  if (out.json) out.document({ ok: isWell, findings: found })
  else tell(found, out)
  return isWell ? EXIT.ok : EXIT.failed
}

function workersOf({ workers, queued, running, scheduled, retrying }: Counts): Found {
  const jobs = `${queued} queued, ${running} running, ${scheduled + retrying} scheduled`
  const seen = `${workers} worker(s); ${jobs}`
  return workers > 0 || queued + running === 0
    ? { check: 'workers', status: 'ok', seen }
    : {
        check: 'workers',
        status: 'warning',
        seen,
        advice: 'Nobody runs these jobs: start a worker with `lovage worker ./worker.ts`.',
      }
}

function tell(found: readonly Found[], { colours, print }: Output): void {
  for (const { check, status, seen, advice } of found) {
    print(`${sign(status, colours)} ${check.padEnd(12)} ${seen}`)
    if (advice !== undefined) print(colours.dim(`    ${advice}`))
  }
}

function sign(status: Found['status'], { green, yellow, red }: Colours): string {
  switch (status) {
    case 'ok':
      return green('✓')
    case 'warning':
      return yellow('!')
    case 'problem':
      return red('✗')
    default:
      return status satisfies never
  }
}
