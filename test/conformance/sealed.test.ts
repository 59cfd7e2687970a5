// A store behind a cipher is a store: all that the contract asks holds for it as well.
import { createMemoryStore } from '@lovage/core/memory'
import { aesGcm, openStore } from '@lovage/redis'
import { storeContract } from './store-contract.ts'

const cipher = aesGcm({ keys: { k: new Uint8Array(32).fill(7) }, current: 'k' })

storeContract('memory behind a cipher', async (clock, options) => {
  const store = openStore({ store: createMemoryStore({ clock, ...options }), cipher })
  const growth = 4 / 3 // base64
  return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close(), growth }
})
