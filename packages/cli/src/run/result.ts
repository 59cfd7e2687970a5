import { type Duration, isFinal } from '@lovage/core'
import { awaitJob } from '../await-job.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { printEnd } from '../print-end.ts'
import { withEngine } from '../with-engine.ts'

export function result(
  context: Context,
  { wait, timeout }: { wait?: boolean; timeout: Duration },
  id: string,
): Promise<ExitCode> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const job = wait ? await awaitJob(engine, id, { timeout, out }) : await engine.get(id)
    if (isFinal(job.state)) {
      printEnd(job, out)
      return EXIT.ok
    }
    if (out.json) out.document({ id, state: job.state })
    else out.say(`The job is ${job.state} and has no result yet. --wait waits for it.`)
    return EXIT.notYet
  })
}
