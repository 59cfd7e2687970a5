// Behind `npm run bench`: set-up, then the measurements that are named, or all of them: `npm run bench -- --only process`.
// Figures go to stdout and everything else to stderr, so that `--json` can be piped.
import { fileURLToPath } from 'node:url'
import { ensureRedisServer, startRedis } from './redis.mjs'
import { asCommand, must, Plain } from './run.mjs'
import { setup } from './setup.mjs'

const tell = (text) => console.error(`lovage: ${text}`)

/** Measurements that print for themselves. They find the address of a private Redis in REDIS_URL. */
const programs = ['gateway', 'idle', 'isolation', 'rpc', 'say', 'types']

async function runProgram(name) {
  const redis = process.env.REDIS_URL ? undefined : await startRedis()
  const env = { ...process.env, REDIS_URL: process.env.REDIS_URL || redis.url }
  try {
    await must(`The measurement ${name}`, process.execPath, [`bench/dist/${name}.js`], { env })
  } finally {
    await redis?.stop()
  }
}

await asCommand(import.meta.url, async (args) => {
  if (args[0] === 'prepare') {
    await setup()
    await ensureRedisServer()
    return
  }
  // The compiler and the installers print where they like.
  const stdio = ['ignore', process.stderr, 'inherit']
  await must('The set-up', process.execPath, [fileURLToPath(import.meta.url), 'prepare'], { stdio })
  if (programs.includes(args[0])) return await runProgram(args[0])
  const { bench } = await import('../bench/dist/main.js')
  try {
    await bench(args, { startRedis, print: (text) => process.stdout.write(`${text}\n`), tell })
  } catch (error) {
    throw error instanceof TypeError || error.name === 'Error' ? new Plain(error.message) : error
  }
})
