/** One run: the stage is set, faults happen as planned, all is mended, and everything must come to its end. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { TcpProxy } from '../../kit/tcp-proxy.ts'
import { all, readHistory, Scribe } from '../history.ts'
import type { Casting } from '../players/player.ts'
import { perform, type Stage } from './acts.ts'
import { Auditor } from './auditor.ts'
import { calm, tickOf } from './calm.ts'
import { type Fault, kindsFor, lineOf, planOf } from './plan.ts'
import { putNewer } from './newer.ts'
import { ChaosRedis, type Fsync, type StartRedis } from './redis.ts'
import { tagsOf } from './tags.ts'
import { Actor, type Part } from './troupe.ts'

export interface RunOptions {
  folder: string
  seed: number
  lengthMs: number
  /** Mean ms between two faults. */
  everyMs: number
  paceMs: number
  fsync: Fsync
  /** Whether there are faults that take back what Redis has answered: of a queue without partitions. */
  losses: boolean
  partitions: number
  calmMs: number
  parts: readonly Part[]
  /** Records that the stream keeps: few, so that who is away for long is told of a gap. */
  streamMaxLen: number
  startRedis: StartRedis
  /** The folder of the compiled players. */
  players: string
  say: (line: string) => void
}

export interface RunResult {
  plan: readonly Fault[]
  hasDisk: boolean
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { folder, seed, lengthMs, everyMs, paceMs, fsync, losses, partitions, parts, players, say } = options
  mkdirSync(folder, { recursive: true })
  const scribe = new Scribe(folder, 'director')
  const redis = await ChaosRedis.open(options.startRedis, folder, fsync)
  const namespace = `chaos-${randomUUID()}`
  const kinds = kindsFor({ hasDisk: redis.hasDisk, fsync, losses })
  const plan = planOf({ seed, lengthMs, everyMs, kinds, actors: parts })
  const tags = await tagsOf(redis, namespace, partitions)
  if (partitions > 1) scribe.write('stage', { partitions })
  const { streamMaxLen } = options
  const auditors = tags.map((tag, partition) => {
    const whole = { port: redis.frontPort, tag, streamMaxLen }
    return new Auditor(partitions > 1 ? { ...whole, partition } : whole, scribe)
  })
  const actors = new Map<string, Actor>()
  const ports = new Map<string, number>()
  const isServing = (name: string): boolean =>
    actors.get(name)?.isThere === true && !actors.get(name)?.isFrozen

  /** Clients of an API process that is gone are led to the next one, as a load balancer does. */
  function spread(): void {
    const serving = [...ports].filter(([name]) => isServing(name)).map(([, port]) => port)
    let n = 0
    for (const { apiLine } of actors.values()) apiLine.target = serving[n++ % serving.length] ?? 1
  }

  const lives = new Map<string, number>()
  const cast =
    (part: Part, lines: { redis: TcpProxy; api: TcpProxy }) =>
    (who: string): Casting => {
      const life = (lives.get(part.name) ?? 0) + 1
      lives.set(part.name, life)
      const from = part.role === 'follower' && life > 1 ? placeOf(folder, part.name) : undefined
      return {
        who,
        role: part.role,
        folder,
        namespace,
        redisUrl: `redis://127.0.0.1:${lines.redis.port}`,
        apiUrl: `http://127.0.0.1:${lines.api.port}/trpc`,
        seed: seed + 1_000 * life + [...actors.keys()].indexOf(part.name),
        streamMaxLen,
        partitions,
        paceMs,
        more: { ...part.more, line: part.name, ...(from !== undefined && { from }) },
      }
    }

  const proxies: TcpProxy[] = []
  function reach(port: number): void {
    for (const { redisLine } of actors.values()) {
      redisLine.target = port
      redisLine.cut()
    }
  }
  let ticks = firstTick(redis, tags)
  const emptied = (): void => {
    ticks = firstTick(redis, tags)
  }
  try {
    for (const part of parts.toSorted((a, b) => rank(a) - rank(b))) {
      const lines = { redis: await TcpProxy.to(redis.port), api: await TcpProxy.to(1) }
      lines.redis.listens = false
      lines.api.listens = false
      proxies.push(lines.redis, lines.api)
      const actor = new Actor(part, { ...lines, players }, cast(part, lines), scribe)
      const enter = actor.enter.bind(actor)
      // An API process listens elsewhere in each of its lives.
      actor.enter = async () => {
        const said = await enter()
        if (said.port !== undefined) ports.set(part.name, said.port)
        return said
      }
      actors.set(part.name, actor)
      await actor.enter()
      spread()
    }
    const newer = await putNewer(redis.admin, tags[0] as string)
    say(`${actors.size} players are on stage`)
    const witnesses = { auditor: auditors[0] as Auditor, scribe, tag: tags[0] as string, reach }
    await play({ redis, actors, spread, witnesses, emptied }, plan, lengthMs, scribe, say)
    say('all is mended; waiting for everything to end')
    await calm({
      redis,
      actors,
      auditors,
      folder,
      scribe,
      namespace,
      tags,
      firstTick: await ticks,
      newer,
      calmMs: options.calmMs,
    })
  } finally {
    for (const actor of actors.values()) {
      actor.signal('SIGCONT')
      await actor.kill()
    }
    await Promise.all(auditors.map((auditor) => auditor.close()))
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
    await redis.close()
    scribe.close()
  }
  return { plan, hasDisk: redis.hasDisk }
}

/** API processes first: others look for them. */
const rank = ({ role }: Part): number => ['api', 'worker', 'follower', 'consumer', 'producer'].indexOf(role)

/** The cursor at which the last life of a follower ended. */
const placeOf = (folder: string, name: string): string | undefined =>
  all(readHistory(folder, `${name}.`), 'heard').at(-1)?.cursor

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function firstTick({ admin }: ChaosRedis, tags: readonly string[]): Promise<number> {
  for (;;) {
    const at = await tickOf(admin, tags)
    if (at !== null) return at
    await pause(20)
  }
}

async function play(
  stage: Stage,
  plan: readonly Fault[],
  lengthMs: number,
  scribe: Scribe,
  say: (line: string) => void,
) {
  const startedAt = performance.now()
  const mending: Promise<void>[] = []
  const busy = new Set<string>()
  const until = (ms: number): Promise<void> => pause(Math.max(0, startedAt + ms - performance.now()))
  for (const fault of plan) {
    await until(fault.at)
    const { kind, target } = fault
    if (busy.has(target)) {
      say(`${lineOf(fault)}: left out, for it is not over the last one yet`)
      continue
    }
    busy.add(target)
    say(lineOf(fault))
    scribe.write('fault', { kind, target, detail: lineOf(fault) })
    mending.push(
      (async () => {
        const mend = await perform(stage, fault)
        await pause(fault.forMs)
        await mend()
        scribe.write('healed', { kind, target })
        busy.delete(target)
      })(),
    )
  }
  await until(lengthMs)
  const failed = (await Promise.allSettled(mending)).find((mended) => mended.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
