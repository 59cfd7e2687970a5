/** A job of a version that is to come: whoever cannot read it must leave it alone. */
import { newJobId } from '@lovage/core'
import type { Redis } from 'ioredis'
import type { Scribe } from '../history.ts'

const RECORD = '[2,{"task":"plain","owner":null},{"of":"a newer version"}]'

/** In line among the others, as a newer producer would put it. Its id leads to the first partition of however many. */
export async function putNewer(redis: Redis, tag: string): Promise<string> {
  const id = `${newJobId().slice(0, -4)}0000`
  await redis.multi().hset(`{${tag}}:jobs`, id, RECORD).rpush(`{${tag}}:wait:default`, id).exec()
  return id
}

/** Writes down what has become of it, and takes it away. */
export async function takeNewer(redis: Redis, tag: string, id: string, scribe: Scribe): Promise<void> {
  const [record, hold] = await Promise.all([
    redis.hget(`{${tag}}:jobs`, id),
    redis.hget(`{${tag}}:active`, id),
  ])
  const state = record === null ? 'gone' : hold === null && record === RECORD ? 'kept' : 'touched'
  scribe.write('newer', { id, state })
  await redis
    .multi()
    .hdel(`{${tag}}:jobs`, id)
    .hdel(`{${tag}}:active`, id)
    .zrem(`{${tag}}:later`, id)
    .lrem(`{${tag}}:wait:default`, 0, id)
    .exec()
}
