/** Parts of the client that are loaded when they are first asked for, so that pages which never ask do not pay for them. */
import { type Clock, LovageError } from '@lovage/core'
import { reconnectMs } from './backoff.ts'
import { pause } from './page.ts'

export interface Loading {
  /** Who is told of where a part does not come: for the error. */
  url: string
  clock: Clock
  random: () => number
}

/** Over two to four seconds: a network that stumbles is back. Where a deployment took the file away, it stays so. */
const ATTEMPTS = 4

/**
 * Loads a part once. Where that fails it tries again after a while, and at once when the page is back; whoever asks
 * after it was given up starts anew.
 *
 * @throws LovageError `DISCONNECTED`
 */
export function lazy<Part>(load: () => Promise<Part>): (loading: Loading) => Promise<Part> {
  let part: Promise<Part> | undefined
  async function patiently({ url, clock, random }: Loading): Promise<Part> {
    for (let failures = 0; ; failures++) {
      try {
        return await load()
      } catch (cause) {
        if (failures + 1 < ATTEMPTS) await pause(clock, reconnectMs(failures, random), random, NEVER)
        else {
          part = undefined
          throw new LovageError('DISCONNECTED', { url, cause: (cause as Error).message }, { cause })
        }
      }
    }
  }
  return (loading) => (part ??= patiently(loading))
}

const NEVER = /* @__PURE__ */ new AbortController().signal
