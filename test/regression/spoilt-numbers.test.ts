// Records of another program whose `seq` is empty, longer than a number of ours can be, or beside a status that is none of
// ours: a reader who stood at one was told of a gap that there was not.
import { expect } from 'vitest'
import { cancelOf, newJob } from '../conformance/acts.ts'
import { test } from '../redis/stage.ts'

const SEQS: [seq: string, status: string][] = [
  ['', 'SUCCESS'],
  ['9'.repeat(20), 'SUCCESS'],
  ['007x', 'SUCCESS'],
  ['42', 'SHIPPED'],
]
test.for(SEQS)(
  'one with the seq "%s" and the status %s is no gap to whoever stands at it',
  async ([seq, status], { store, redis, key }) => {
    const written = async (id: string): Promise<void> => {
      await store.enqueue([newJob(id)])
      await store.cancel(cancelOf(id))
    }
    await written('before')
    await redis.xadd(key('outcomes'), '*', 'seq', seq, 'task_id', 'theirs', 'status', status)
    const first = await store.range('0-0.0', 10)
    expect(first).toMatchObject({ missed: 0, end: true })
    await written('after')
    expect(await store.range(first.cursor, 10)).toMatchObject({ missed: 0, notices: [{ jobId: 'after' }] })
    const abort = new AbortController()
    for await (const notices of store.live(first.cursor, abort.signal)) {
      expect(notices.map(({ jobId }) => jobId)).toEqual(['after'])
      break
    }
    abort.abort()
  },
)
