/**
 * Ends one wait before what it waits for has come. A signal does so for any number of listeners: to make one with its
 * controller, to listen to it and to abort it took a caller as long as all else that becomes of a result.
 */
export class Stop {
  isStopped = false
  #act: (() => void) | undefined

  /** Calls back when it stops, or at once where it has. Only who was here last is told. */
  onStop(act: () => void): void {
    if (this.isStopped) act()
    else this.#act = act
  }

  stop(): void {
    this.isStopped = true
    this.#act?.()
  }
}
