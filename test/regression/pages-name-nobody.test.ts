// Where a page of jobs ended was told by the id of the last one that was looked at, whoever's it was: who listed his own jobs
// learned the ids of others.
import { queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createQueue, serve } from '@lovage/server'
import { expect, onTestFinished } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { test } from '../redis/stage.ts'

test.for(['redis', 'memory'] as const)(
  'a page of his own jobs names no job of another, on %s',
  async (on, { url, namespace }) => {
    const queue =
      on === 'redis'
        ? createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
        : queueOver(tasks, createMemoryStore())
    const server = await serve({ queue, authenticate: (token) => token, closeGraceMs: 0 })
    onTestFinished(async () => {
      await server.close()
      await queue.close()
    })
    const texts = { texts: ['a'] }
    const hers = await queue.score.enqueueMany(
      Array.from({ length: 25 }, () => texts),
      {
        owner: 'ada',
        delay: '1h',
        tags: ['shared'],
      },
    )
    const his = await queue.score.enqueueMany([texts, texts], { owner: 'bob', delay: '1h', tags: ['shared'] })
    async function list(search: object): Promise<{ seen: string; ids: string[] }> {
      const seen: string[] = []
      const ids: string[] = []
      let after: string | null = null
      do {
        const input = encodeURIComponent(
          JSON.stringify({ json: { ...search, limit: 1, ...(after !== null && { after }) } }),
        )
        const answer = await fetch(`${server.url}/jobs.list?input=${input}`, {
          headers: { authorization: 'Bearer bob' },
        })
        const text = await answer.text()
        expect(answer.status, text).toBe(200)
        const { json } = (
          JSON.parse(text) as { result: { data: { json: { jobs: { id: string }[]; next: string | null } } } }
        ).result.data
        seen.push(text)
        ids.push(...json.jobs.map(({ id }) => id))
        after = json.next
      } while (after !== null)
      return { seen: seen.join('\n'), ids }
    }
    for (const search of [{ state: 'scheduled' }, { tag: 'shared' }]) {
      const { seen, ids } = await list(search)
      expect(ids.toSorted()).toEqual(his.map(({ id }) => id).toSorted())
      for (const { id } of hers) expect(seen).not.toContain(id)
    }
  },
)
