import { createMemoryStore } from '@lovage/core/memory'
import { storeContract } from './store-contract.ts'

storeContract('memory', async (clock, options) => {
  const store = createMemoryStore({ clock, ...options })
  return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
})
