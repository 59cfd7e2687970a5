// Behind `npm run dev`, after a first build: the API, the worker and the page, each started again or reloaded when
// its code changes. Without REDIS_URL the store is the API's memory, so a change of server code begins with no jobs.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, ...args) => spawn(command, args, { cwd: root, stdio: 'inherit' })
const children = [
  run('tsc', '-b', '--watch', '--preserveWatchOutput'),
  run(process.execPath, '--watch', '--watch-preserve-output', 'dist/server/main.js'),
]
if (process.env.REDIS_URL) {
  children.push(run(process.execPath, '--watch', '--watch-preserve-output', 'dist/server/worker.js'))
}

const vite = await createServer({ root })
await vite.listen()
vite.printUrls()

async function stop() {
  for (const child of children) child.kill('SIGTERM')
  await vite.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
