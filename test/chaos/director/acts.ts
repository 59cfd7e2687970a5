/** Doing the faults: each act breaks something, and answers how it is mended. */
import type { Actor } from './troupe.ts'
import type { Fault, FaultKind } from './plan.ts'
import type { ChaosRedis, Witnesses } from './redis.ts'

export interface Stage {
  redis: ChaosRedis
  actors: ReadonlyMap<string, Actor>
  /** Where clients find an API process from now on. */
  spread: () => void
  witnesses: Witnesses
  /** The schedule is declared anew, and its ticks begin anew. */
  emptied: () => void
}

type Mend = () => void | Promise<void>
const NOTHING: Mend = () => {}

const BYTES_PER_SECOND = 20_000
const DELAY_MS = 250

type Act = (stage: Stage, actor: Actor, fault: Fault) => Mend | Promise<Mend>

/** The line by which a player reaches what it depends on. */
const lineOf = (actor: Actor) => (actor.part.name.includes('through') ? actor.apiLine : actor.redisLine)

const inTrouble =
  (trouble: Parameters<ReturnType<typeof lineOf>['trouble']>[0]): Act =>
  (_, actor) => {
    lineOf(actor).trouble(trouble)
    return () => lineOf(actor).trouble({})
  }

async function again(stage: Stage, actor: Actor): Promise<void> {
  await actor.enter()
  stage.spread()
}

const acts: Record<FaultKind, Act> = {
  async kill(stage, actor) {
    await actor.kill()
    stage.spread()
    return () => again(stage, actor)
  },
  freeze(stage, actor) {
    actor.signal('SIGSTOP')
    actor.isFrozen = true
    return () => {
      actor.signal('SIGCONT')
      actor.isFrozen = false
      stage.spread()
    }
  },
  async deploy(stage, actor) {
    await actor.leave(20_000)
    await again(stage, actor)
    return NOTHING
  },
  clock(_, actor, { jumpMs }) {
    actor.order({ order: 'clock', offsetMs: jumpMs })
    return () => actor.order({ order: 'clock', offsetMs: 0 })
  },
  cut(_, actor) {
    lineOf(actor).cut()
    return NOTHING
  },
  silence(_, actor, { forMs }) {
    const line = lineOf(actor)
    // What is held back goes on afterwards, or is lost with its connection, which nobody ends.
    const isForGood = forMs % 2 === 1
    if (isForGood) line.forget()
    line.trouble({ isSilent: true })
    return () => (isForGood ? line.forget() : line.trouble({}))
  },
  delay: inTrouble({ delayMs: DELAY_MS }),
  throttle: inTrouble({ bytesPerSecond: BYTES_PER_SECOND }),
  async 'redis killed'({ redis }) {
    await redis.kill()
    return () => redis.restart()
  },
  'redis frozen'({ redis }) {
    redis.signal('SIGSTOP')
    return () => redis.signal('SIGCONT')
  },
  async 'redis full'({ redis: { admin } }) {
    await admin.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1mb')
    return async () => void (await admin.config('SET', 'maxmemory', '0'))
  },
  'disk full'({ redis }) {
    redis.fillDisk()
    return () => redis.freeDisk()
  },
  async failover({ redis, witnesses }) {
    await redis.failOver(witnesses)
    return NOTHING
  },
  async 'failover behind'({ redis, witnesses }, _, { forMs }) {
    await redis.failOverBehind(forMs, witnesses)
    return NOTHING
  },
  async 'power lost'({ redis, witnesses }, _, { forMs }) {
    await redis.losePower(forMs, witnesses)
    return NOTHING
  },
  async flushall({ redis, witnesses, emptied }) {
    await redis.flush(witnesses)
    emptied()
    return NOTHING
  },
  async 'script flush'({ redis: { admin } }) {
    await admin.script('FLUSH')
    return NOTHING
  },
}

/** Breaks it now; the answer mends it. */
export async function perform(stage: Stage, fault: Fault): Promise<Mend> {
  const actor = stage.actors.get(fault.target)
  return await acts[fault.kind](stage, actor as Actor, fault)
}
