// Behind `npm test`: set-up, Redis, a Chromium, build, then every test. Arguments go on to vitest:
// `npm test -- packages/core`, `npm test -- -t 'a cancelled job'`.
import { ensureChromium } from './chromium.mjs'
import { ensureRedisServer } from './redis.mjs'
import { asCommand, bin, run, say } from './run.mjs'
import { setup } from './setup.mjs'

await asCommand(import.meta.url, async (args) => {
  await setup()
  const env = { ...process.env }
  if (env.LOVAGE_TEST_REDIS_URL) {
    say('testing against the Redis that LOVAGE_TEST_REDIS_URL names')
  } else {
    env.REDIS_SERVER = await ensureRedisServer()
    say(`testing against a private ${env.REDIS_SERVER}`)
  }
  // Only some tests need it; without it they alone fail, and say the same.
  if (args.length === 0) await ensureChromium().catch(({ message }) => say(message))
  return run(bin('vitest'), ['run', ...args], { env })
})
