import type { Growth } from '@lovage/core'

/** Between calls that the store rejects. */
export const STORE_BACKOFF: Growth = { type: 'exponential', firstMs: 100, maxMs: 5_000 }
