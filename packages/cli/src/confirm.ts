import { createInterface } from 'node:readline/promises'
import { UsageError } from './complaint.ts'

/**
 * Asks whoever sits there. Only `y` or `yes` is a yes.
 *
 * @throws UsageError `NOT_CONFIRMED` where nobody sits
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new UsageError('NOT_CONFIRMED', `${question} Nobody is here to answer.`, {
      help: '--yes answers beforehand.',
    })
  }
  const line = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await line.question(`${question} [y/N] `)).trim())
  } finally {
    line.close()
  }
}
