// Behind `npm run demo`: set-up, then the sentiment example. Arguments go on to it, but for a bare `--redis`,
// for which a private Redis is started here: `npm run demo -- --redis`.
import { startRedis } from './redis.mjs'
import { asCommand, run, say } from './run.mjs'
import { setup } from './setup.mjs'

await asCommand(import.meta.url, async (args) => {
  await setup({ build: ['examples/sentiment'] })
  const at = args.findIndex((arg, i) => arg === '--redis' && !/^rediss?:/.test(args[i + 1] ?? ''))
  if (at < 0) return demo(args, process.env)
  const redis = await startRedis()
  say(`started a private Redis at ${redis.url}`)
  try {
    return await demo(args.toSpliced(at, 1), { ...process.env, REDIS_URL: redis.url })
  } finally {
    await redis.stop()
    say('stopped the private Redis')
  }
})

// A function, so that it is there before the module has run to its end.
function demo(args, env) {
  return run(process.execPath, ['examples/sentiment/dist/main.js', ...args], { env })
}
