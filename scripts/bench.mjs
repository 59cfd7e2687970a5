// Behind `npm run bench`: set-up, then the measurements that are named, or all of them: `npm run bench -- --only process`.
// Figures go to stdout and everything else to stderr, so that `--json` can be piped.
import { fileURLToPath } from 'node:url'
import { aptInstall, aptPrefix } from './apt.mjs'
import { ensureRedisServer, startRedis } from './redis.mjs'
import { asCommand, must, Plain, root } from './run.mjs'
import { setup } from './setup.mjs'

const tell = (text) => console.error(`lovage: ${text}`)

/** Celery comes from Debian; where it cannot be had it is left out, and that is said. */
async function offerCelery() {
  const { celeryVersion } = await import('../bench/dist/peers/celery.js')
  const asRoot = aptPrefix()
  if ('version' in celeryVersion() || !asRoot) return
  try {
    await aptInstall('python3-celery', asRoot, '')
    await aptInstall('python3-redis', asRoot, '')
  } catch (error) {
    tell(error.message)
  }
}

await asCommand(import.meta.url, async (args) => {
  if (args[0] === 'prepare') {
    await setup()
    await ensureRedisServer()
    if (args.includes('celery')) await offerCelery()
    return
  }
  // The compiler and the installers print where they like.
  const stdio = ['ignore', process.stderr, 'inherit']
  const isWhole = !args.some((arg) => ['--quick', '--peers'].includes(arg.split('=')[0]))
  const prepare = [fileURLToPath(import.meta.url), 'prepare', ...(isWhole ? ['celery'] : [])]
  await must('The set-up', process.execPath, prepare, { stdio })
  const { bench } = await import('../bench/dist/main.js')
  try {
    const print = (text) => process.stdout.write(`${text}\n`)
    await bench(args, { root, startRedis, redisServer: await ensureRedisServer(), print, tell })
  } catch (error) {
    throw error instanceof TypeError || error.name === 'Error' ? new Plain(error.message) : error
  }
})
