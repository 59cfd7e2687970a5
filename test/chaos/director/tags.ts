/** The hash tags of the partitions of a queue. */
import { openStore } from '@lovage/redis'
import type { ChaosRedis } from './redis.ts'

/** How they are named is for the store to know: it is asked to put a key into each. */
export async function tagsOf(
  { admin, port }: ChaosRedis,
  namespace: string,
  partitions: number,
): Promise<string[]> {
  if (partitions === 1) return [`${namespace}:default`]
  const store = openStore({ redis: `redis://127.0.0.1:${port}`, namespace, partitions })
  await store.pause({ task: 'nobody' })
  const keys = await admin.keys(`{${namespace}:default:*}:paused`)
  await store.resume({ task: 'nobody' })
  await store.close()
  const tags = keys.map((key) => /^\{(.*)\}/.exec(key)?.[1] as string)
  const indexOf = (tag: string): number => Number.parseInt(tag.slice(`${namespace}:default:`.length))
  return tags.toSorted((a, b) => indexOf(a) - indexOf(b))
}
