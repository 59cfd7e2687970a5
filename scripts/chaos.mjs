// Behind `npm run chaos`: set-up, then real processes that enqueue, work, follow and consume while a seed breaks what
// they stand on, and a checker of what each of them saw. `npm run chaos -- --minutes 10 --seed 7` repeats a run.
import { startRedis } from './redis.mjs'
import { asCommand } from './run.mjs'
import { setup } from './setup.mjs'

await asCommand(import.meta.url, async (args) => {
  await setup()
  const { chaos } = await import('../test/dist/chaos/main.js')
  return chaos(args, startRedis)
})
