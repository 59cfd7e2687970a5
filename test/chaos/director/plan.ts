/** Which faults there will be, and when: drawn from a seed before anything begins, so that a run can be repeated. */
import { type Chance, chanceOf } from '../../kit/chance.ts'

/** What happens to a process, to a line, to Redis. */
const FAULTS = {
  kill: ['worker', 'api', 'follower', 'consumer'],
  freeze: ['worker', 'api', 'follower', 'consumer', 'producer'],
  deploy: ['worker', 'api'],
  clock: ['worker', 'api', 'producer'],
  cut: ['redis line', 'api line'],
  silence: ['redis line', 'api line'],
  delay: ['redis line', 'api line'],
  throttle: ['redis line', 'api line'],
  'redis killed': ['redis'],
  'redis frozen': ['redis'],
  'redis full': ['redis'],
  'disk full': ['redis'],
  'script flush': ['redis'],
  failover: ['redis'],
  'failover behind': ['redis'],
  'power lost': ['redis'],
  flushall: ['redis'],
} as const satisfies Record<string, readonly string[]>

export type FaultKind = keyof typeof FAULTS

/** Those that take back what the store has answered. */
const LOSSES: ReadonlySet<FaultKind> = new Set(['failover behind', 'power lost', 'flushall'])

export interface Conditions {
  hasDisk: boolean
  fsync: 'always' | 'everysec'
  /** Whether what the store has answered may be taken back. */
  losses: boolean
}

export const kindsFor = ({ hasDisk, fsync, losses }: Conditions): FaultKind[] =>
  (Object.keys(FAULTS) as FaultKind[]).filter((kind) => {
    if (kind === 'disk full' && !hasDisk) return false
    // What a kill takes from a file that is written every second is not known exactly; power takes that much and more.
    if (fsync === 'everysec' ? kind === 'redis killed' || kind === 'disk full' : kind === 'power lost')
      return false
    return losses || !LOSSES.has(kind)
  })

export interface Fault {
  /** ms after the beginning. */
  at: number
  kind: FaultKind
  /** An actor's name, or `redis`. */
  target: string
  /** How long it stays, until it is healed. 0: it is over at once. */
  forMs: number
  /** Of a clock, how far it jumps. */
  jumpMs: number
}

/** How often each is drawn, compared with the others. */
const WEIGHTS: Record<FaultKind, number> = {
  kill: 6,
  freeze: 5,
  deploy: 2,
  clock: 3,
  cut: 5,
  silence: 4,
  delay: 3,
  throttle: 2,
  'redis killed': 2,
  'redis frozen': 1,
  'redis full': 2,
  'disk full': 1,
  'script flush': 2,
  failover: 2,
  'failover behind': 3,
  'power lost': 3,
  flushall: 1,
}

const DURATIONS: Record<FaultKind, readonly [low: number, high: number]> = {
  kill: [100, 4_000],
  freeze: [200, 6_000],
  deploy: [0, 0],
  clock: [1_000, 8_000],
  cut: [0, 0],
  silence: [500, 9_000],
  delay: [1_000, 6_000],
  throttle: [1_000, 6_000],
  'redis killed': [100, 3_000],
  'redis frozen': [200, 3_000],
  'redis full': [500, 4_000],
  'disk full': [500, 4_000],
  'script flush': [0, 0],
  failover: [0, 0],
  'failover behind': [20, 1_500],
  'power lost': [20, 1_500],
  flushall: [0, 0],
}

const JUMPS_MS = [-86_400_000, -60_000, -5_000, 5_000, 60_000, 86_400_000]
const DAY_HOURS = 24

export interface PlanOptions {
  seed: number
  lengthMs: number
  /** Mean ms between two faults. */
  everyMs: number
  actors: readonly { name: string; role: string }[]
  kinds: readonly FaultKind[]
}

/** No two faults of one target overlap; those of Redis keep out of each other's way as well. */
export function planOf({ seed, lengthMs, everyMs, actors, kinds }: PlanOptions): Fault[] {
  const chance = chanceOf(seed)
  const lots = kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind))
  const busyUntil = new Map<string, number>()
  const plan: Fault[] = []
  for (let at = chance.below(everyMs); at < lengthMs; at += chance.between(1, 2 * everyMs)) {
    const kind = chance.pick(lots)
    const target = targetOf(chance, kind, actors)
    const [low, high] = DURATIONS[kind]
    const forMs = Math.min(chance.between(low, high), lengthMs - at)
    const jumpMs = kind === 'clock' ? chance.pick(JUMPS_MS) + chance.below(DAY_HOURS) : 0
    if ((busyUntil.get(target) ?? 0) > at) continue
    busyUntil.set(target, at + forMs + 1_000)
    plan.push({ at, kind, target, forMs, jumpMs })
  }
  return plan
}

function targetOf(chance: Chance, kind: FaultKind, actors: PlanOptions['actors']): string {
  const place = chance.pick<string>(FAULTS[kind])
  const roles: Record<string, readonly string[]> = {
    'redis line': ['worker', 'api', 'beside'],
    'api line': ['through'],
  }
  const wanted = roles[place] ?? [place]
  const fitting = actors.filter(
    ({ name, role }) => wanted.includes(role) || wanted.some((word) => name.includes(word)),
  )
  return place === 'redis' ? 'redis' : chance.pick(fitting).name
}

export const lineOf = ({ at, kind, target, forMs, jumpMs }: Fault): string =>
  [
    `${(at / 1000).toFixed(1)} s`,
    kind,
    target,
    forMs > 0 ? `for ${forMs} ms` : '',
    jumpMs === 0 ? '' : `by ${jumpMs} ms`,
  ]
    .filter((word) => word !== '')
    .join(' ')
