// What a server that is killed still has when it starts again, by how it is set, and who is told of the rest.
import { createQueue } from '@lovage/redis'
import { expect, test } from 'vitest'
import { RedisNode } from '../kit/redis-node.ts'
import { tasks } from './site.ts'

const settings = {
  'appendfsync everysec': ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  'appendfsync always': ['--appendonly', 'yes', '--appendfsync', 'always'],
  nothing: [],
}

test.for(Object.entries(settings))('%s, killed with SIGKILL', async ([name, args]) => {
  await using node = await RedisNode.start({ args })
  const queue = createQueue({ tasks, redis: node.url, onWarning: () => {} })
  const jobs = await Promise.all([...Array(50).keys()].map((n) => queue.double.enqueue(n)))
  const last = jobs.at(-1)!
  const following = last[Symbol.asyncIterator]()
  await following.next()
  const next = following.next().then(
    () => 'nothing to tell',
    (error: unknown) => error,
  )
  await node.kill()
  await node.restart()
  if (name === 'nothing') {
    expect(await next).toMatchObject({ code: 'NOT_FOUND', details: { id: last.id } })
    expect((await queue.counts()).queued).toBe(0)
  } else {
    expect((await queue.counts()).queued).toBe(50)
    await last.cancel()
    expect(await next).toBe('nothing to tell')
  }
  await queue.close()
})
