/** A store that writes down what a worker is given and what becomes of its settlements. */
import type { AnyStore, Store } from '@lovage/core'
import type { Scribe } from '../history.ts'

export function watched(store: AnyStore, scribe: Scribe): AnyStore {
  if (!('partitions' in store)) return watchedStore(store, scribe)
  const partitions = store.partitions.map((one) => ({ ...one, store: watchedStore(one.store, scribe) }))
  return { ...store, partitions }
}

function watchedStore(store: Store, scribe: Scribe): Store {
  const step: Store['step'] = async (request) => {
    const reply = await store.step(request)
    const { session } = request
    for (const { id, claimedAt, to } of request.settle)
      scribe.write('settled', { id, session, claimedAt, to, isLost: reply.lost.includes(id) })
    for (const { id, task, claimedAt, attempt } of reply.claimed)
      scribe.write('claimed', { id, task, session, claimedAt, attempt })
    return reply
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'step') return step
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
