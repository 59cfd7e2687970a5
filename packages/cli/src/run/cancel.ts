import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { withEngine } from '../with-engine.ts'

export function cancel(
  context: Context,
  { by, reason }: { by?: string; reason?: string },
  id: string,
): Promise<ExitCode> {
  const { out } = context
  return withEngine(context, async (engine) => {
    const reply = await engine.cancel(id, { by: by ?? null, reason: reason ?? null })
    if (out.json) out.document({ id, ...reply })
    else if (reply.outcome === 'cancelled') out.print('cancelled')
    else out.say(`Nothing to cancel: the job had ended before (${reply.state}).`)
    // Somebody else cancelled it: what was asked for is so.
    return reply.outcome === 'cancelled' || reply.state === 'cancelled' ? EXIT.ok : EXIT.failed
  })
}
