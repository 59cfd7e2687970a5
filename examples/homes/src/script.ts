// A script in Node as the client: `node dist/script.js http://localhost:3000/trpc ada 'some words' 'and more'`.
import { createJobsClient } from '@lovage/client'
import type { AppRouter } from './router.ts'

const [url, token, ...texts] = process.argv.slice(2)
if (url === undefined || token === undefined) throw new Error('Usage: node script.js <url> <token> <text>…')

await using client = createJobsClient<AppRouter>({ url, auth: () => token })
const job = await client.jobs.countWords.enqueue({ texts })
console.log(`enqueued ${job.id}`)
for await (const notice of job) {
  if (notice.type === 'progress') console.log(`progress ${notice.data.done}/${notice.data.total}`)
  else console.log(notice.type)
}
const { words } = await job.result()
console.log(`${words} words`)
