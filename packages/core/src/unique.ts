/** Rules by which an enqueued job finds another one that stands in its way, or for it. */

export type Unique =
  /**
   * The one that was enqueued under this name no longer than `windowMs` ago stands for this one, whether it lives or
   * has ended: idempotency, throttling.
   */
  | { type: 'once'; name: string; windowMs: number }
  /**
   * While one of this name lives, `reject` this one, `return` that one, or `replace` it: cancel it, with this reason,
   * its outcome kept for `ttlMs`.
   */
  | { type: 'alone'; name: string; onBusy: 'reject' | 'return' }
  | { type: 'alone'; name: string; onBusy: 'replace'; ttlMs: number }
  /**
   * While one of this name waits for its first attempt with a delay, it takes this one's input and options, and waits this one's
   * delay anew, but never longer than `maxWaitMs` from its own enqueueing on. Otherwise this one is enqueued, and is
   * the one of that name.
   */
  | { type: 'debounce'; name: string; maxWaitMs: number }
