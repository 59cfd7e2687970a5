/** What a virtual machine's host takes of its time: nobody's figure, and most of a tail where there is much of it. */
import { readFileSync } from 'node:fs'

/** `/proc/stat` counts in hundredths of a second, of all cores together. */
const TICK_MS = 10
/** After its name the first line has user, nice, system, idle, iowait, irq, softirq, steal. */
const STEAL = 8

/** So much was taken since the start, in ms of all cores together; 0 where nobody tells. */
export function stolenMs(read = () => readFileSync('/proc/stat', 'utf8')): number {
  try {
    return Number(read().split('\n', 1)[0]?.split(/ +/)[STEAL] ?? 0) * TICK_MS
  } catch {
    return 0
  }
}

export interface Watched<Part> {
  part: Part
  /** Of its time, by the host. */
  stolenMs: number
}

/** Takes a part of a measure, and tells what was stolen meanwhile. */
export async function watched<Part>(take: () => Promise<Part>, stolen = stolenMs): Promise<Watched<Part>> {
  const before = stolen()
  const part = await take()
  return { part, stolenMs: stolen() - before }
}

/** The half in which least was stolen, in their order; more where others were as good. */
export function quieterHalf<Part>(taken: readonly Watched<Part>[]): Part[] {
  const half =
    taken.map(({ stolenMs }) => stolenMs).toSorted((a, b) => a - b)[Math.ceil(taken.length / 2) - 1] ?? 0
  return taken.filter(({ stolenMs }) => stolenMs <= half).map(({ part }) => part)
}
