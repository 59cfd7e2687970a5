/** Who plays. A name says by which line a player can be troubled: `beside` Redis, or `through` an API process. */
import type { Part } from './troupe.ts'

const workers = (count: number): Part[] =>
  Array.from({ length: count }, (_, n) => ({ name: `worker-${n + 1}`, role: 'worker' }))

const FULL: readonly Part[] = [
  { name: 'api-1', role: 'api' },
  { name: 'api-2', role: 'api' },
  ...workers(3),
  { name: 'producer-beside', role: 'producer', more: { way: 'beside', owner: 'ada' } },
  { name: 'producer-through-ws', role: 'producer', more: { way: 'ws', owner: 'ada' } },
  { name: 'producer-through-sse', role: 'producer', more: { way: 'sse', owner: 'bob' } },
  { name: 'follower-beside', role: 'follower', more: { way: 'beside', owner: 'ada' } },
  { name: 'follower-through-ws', role: 'follower', more: { way: 'ws', owner: 'ada' } },
  { name: 'follower-through-sse', role: 'follower', more: { way: 'sse', owner: 'bob' } },
  { name: 'consumer-beside-1', role: 'consumer', more: { way: 'beside', owner: 'ada', group: 'books' } },
  { name: 'consumer-beside-2', role: 'consumer', more: { way: 'beside', owner: 'ada', group: 'books' } },
  { name: 'consumer-through-ws', role: 'consumer', more: { way: 'ws', owner: 'ada', group: 'mail' } },
  { name: 'consumer-through-sse', role: 'consumer', more: { way: 'sse', owner: 'ada', group: 'mail' } },
]

const SMALL = [
  'api-1',
  'worker-1',
  'worker-2',
  'producer-beside',
  'producer-through-ws',
  'follower-through-ws',
  'consumer-through-ws',
]

export interface Cast {
  parts: readonly Part[]
  /** Some seconds of what they write. */
  streamMaxLen: number
}

/** `small`: as few as a machine with two cores carries beside other tests. */
export const castOf = (size: 'full' | 'small'): Cast =>
  size === 'full'
    ? { parts: FULL, streamMaxLen: 800 }
    : { parts: FULL.filter(({ name }) => SMALL.includes(name)), streamMaxLen: 400 }
