/**
 * Which partition an id belongs to. The last 16 bits of a job's id say it, so that whoever has the id knows where to
 * ask, and no directory is kept: a job that has to be with others gets an id that leads there.
 */
import { fnv1a } from '../fnv.ts'
import { enqueuedAtOf } from '../id.ts'

/** More would make the cursors of the joint feed, which hold a place of each partition, longer than most notices. */
export const PARTITIONS_MAX = 128

/** `undefined`: it is no id of ours, and tells nothing. */
export const homeOf = (id: string, count: number): number | undefined =>
  enqueuedAtOf(id) === null ? undefined : tailOf(id) % count

/** The same id as it has to be for a job of this partition: always the same one, so that an enqueue can be repeated. */
export function idAt(id: string, home: number, count: number): string {
  if (enqueuedAtOf(id) === null) return id
  const tail = tailOf(id)
  const wanted = tail - (tail % count) + home
  const inRange = wanted > 0xffff ? wanted - count : wanted
  return id.slice(0, -4) + inRange.toString(16).padStart(4, '0')
}

const tailOf = (id: string): number => Number.parseInt(id.slice(-4), 16)

/** Which partition a name belongs to: FNV-1a, with the bits mixed once more. Never to be changed: stored jobs go by it. */
export function homeOfName(name: string, count: number): number {
  let hash = fnv1a(name)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % count
}
