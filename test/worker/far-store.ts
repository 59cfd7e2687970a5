/** A store whose steps take a turn of the event loop each way, as over a network. */
import type { Store } from '@lovage/core'
import { turn } from '../kit/manual-clock.ts'

export interface Far {
  store: Store
  /** Steps that were under way at the same time, at most. */
  readonly most: number
}

export function far(store: Store): Far {
  let count = 0
  let most = 0
  const step: Store['step'] = async (request) => {
    count += 1
    most = Math.max(most, count)
    await turn()
    const reply = await store.step(request)
    await turn()
    count -= 1
    return reply
  }
  return {
    store: new Proxy(store, {
      get(target, name) {
        if (name === 'step') return step
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
    get most() {
      return most
    },
  }
}
