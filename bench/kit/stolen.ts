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

/** Takes as many stretches as are asked for, and gives the half in which least was taken; more where others were as good. */
export async function quieterHalf<Stretch>(
  count: number,
  take: () => Promise<Stretch>,
  stolen: () => number = stolenMs,
): Promise<Stretch[]> {
  const taken: { stretch: Stretch; ms: number }[] = []
  for (let n = 0; n < count; n++) {
    const before = stolen()
    const stretch = await take()
    taken.push({ stretch, ms: stolen() - before })
  }
  const half = taken.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.ceil(count / 2) - 1] ?? 0
  return taken.filter(({ ms }) => ms <= half).map(({ stretch }) => stretch)
}
