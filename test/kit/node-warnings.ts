/** What Node warns of while a test runs, as it does of a leak. */
import { onTestFinished } from 'vitest'

/** The messages so far; more are added. */
export function nodeWarnings(): readonly string[] {
  const messages: string[] = []
  const hear = ({ message }: Error): void => void messages.push(message)
  process.on('warning', hear)
  onTestFinished(() => void process.off('warning', hear))
  return messages
}
