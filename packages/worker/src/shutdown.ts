/** What a process that exists to run a worker does with its signals. */

const STOPPING = ['SIGTERM', 'SIGINT'] as const

export interface ProcessHooks {
  /** `isAgain`: whoever asks will not wait any longer. */
  onStop: (signal: NodeJS.Signals, isAgain: boolean) => void
  onUnhandledRejection: (error: unknown) => void
}

/** The returned function gives the process back as it was. */
export function takeProcess({ onStop, onUnhandledRejection }: ProcessHooks): () => void {
  let asked = 0
  const stop = (signal: NodeJS.Signals): void => {
    asked += 1
    onStop(signal, asked > 1)
    if (asked > 1) release() // a third signal ends the process, whatever still hangs
  }
  const release = (): void => {
    for (const signal of STOPPING) process.off(signal, stop)
    process.off('unhandledRejection', onUnhandledRejection)
  }
  for (const signal of STOPPING) process.on(signal, stop)
  process.on('unhandledRejection', onUnhandledRejection)
  return release
}
