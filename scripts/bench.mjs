// Behind `npm run bench`: set-up, then the measurements that are named, or all of them: `npm run bench -- types`.
// Those that need a Redis find the address of a private one in REDIS_URL, unless one is given there.
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { startRedis } from './redis.mjs'
import { asCommand, must, Plain, root, say } from './run.mjs'
import { setup } from './setup.mjs'

await asCommand(import.meta.url, async (args) => {
  await setup()
  const sources = await readdir(path.join(root, 'bench'))
  const known = sources.filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts'))
  const unknown = args.filter((name) => !known.includes(name))
  if (unknown.length)
    throw new Plain(`no measurement named ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
  const redis = process.env.REDIS_URL ? undefined : await startRedis()
  const env = { ...process.env, REDIS_URL: process.env.REDIS_URL || redis.url }
  try {
    for (const name of args.length ? args : known) {
      say(`measuring: ${name}`)
      await must(`The measurement ${name}`, process.execPath, [`bench/dist/${name}.js`], { env })
    }
  } finally {
    await redis?.stop()
  }
})
