// A Redis of one's own: finds or installs a server, and starts private instances of it.
// As a command: `node scripts/redis.mjs [--port 6400]` runs one until Ctrl-C.
import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { isExecutable, onPath } from './find.mjs'
import { installRedis } from './install-redis.mjs'
import { asCommand, Plain, say } from './run.mjs'

const startLimitMs = 10_000 // an idle server answers within 50 ms; a machine under load may need seconds
const stopLimitMs = 5_000 // nothing is saved at the end, so a server that takes longer hangs

/**
 * The path of a Redis or Valkey server: `REDIS_SERVER`, or one found on PATH, or Debian's, installed now.
 *
 * @throws Plain that says what to install, where we cannot
 */
export async function ensureRedisServer() {
  const named = process.env.REDIS_SERVER
  if (named) {
    if (isExecutable(named)) return named
    throw new Plain(`REDIS_SERVER is ${named}, and that is no program that can be run.`)
  }
  const found = onPath('redis-server') ?? onPath('valkey-server')
  if (found) return found
  await installRedis()
  const installed = onPath('redis-server')
  if (installed) return installed
  throw new Plain('redis-server was installed but is not on PATH; set REDIS_SERVER to where it is.')
}

/**
 * Start a private server on 127.0.0.1 that keeps nothing, and wait until it answers.
 *
 * @param options.port  default: a free one
 * @param options.dir   its working folder; default: a temporary one, removed at the end
 * @param options.args  more of redis-server's own arguments, for example `['--maxmemory', '64mb']`
 * @param options.server  the program; default: `ensureRedisServer()`
 * @param options.sentinel  the file of a sentinel's configuration, which it rewrites: then it is a sentinel
 * @returns `stop()` may be called twice. The server does not keep this process alive, and ends with it.
 */
export async function startRedis({ port, dir, args = [], sentinel, server: program } = {}) {
  const server = program ?? (await ensureRedisServer())
  // A port seen as free can be taken by somebody else before the server binds it; hence a second and third try.
  for (let triesLeft = port ? 0 : 2; ; triesLeft--) {
    const redis = await launch(server, port ?? (await freePort()), dir, { args, sentinel })
    try {
      await redis.ready
      if (!(await ping(redis.port))) throw new Plain(`The Redis on port ${redis.port} does not answer PING.`)
      redis.letGo()
      return { url: `redis://127.0.0.1:${redis.port}`, port: redis.port, pid: redis.pid, stop: redis.stop }
    } catch (error) {
      await redis.stop()
      if (triesLeft === 0 || !error.message.includes('Address already in use')) throw error
    }
  }
}

async function launch(server, port, dir, { args, sentinel }) {
  const folder = dir ?? (await mkdtemp(path.join(os.tmpdir(), 'lovage-redis-')))
  const tidy = () => dir || rmSync(folder, { recursive: true, force: true })
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' }
  const ours = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const kind = sentinel ? [sentinel, '--sentinel'] : []
  const [command, ...before] = [...endWithParent(), server, ...kind]
  // Detached, so that Ctrl-C in a terminal reaches those who use the server before it.
  const options = { stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  const child = spawn(command, [...before, ...ours, ...args], options)
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve))

  // Its own log says that it is up; a PING alone might be answered by another server on that port.
  const ready = new Promise((resolve, reject) => {
    let log = ''
    const read = (chunk) => {
      log = (log + chunk).slice(-4_000)
      if (/Ready to accept connections|Sentinel ID is/.test(log)) resolve()
    }
    const fail = (why) => reject(new Plain(`${server} ${why}. It said:\n${log.trim()}`))
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', (error) => fail(`did not start (${error.message})`))
    child.once('close', (code) => fail(`ended at its start (exit code ${code})`))
    const late = setTimeout(() => fail(`was not ready within ${startLimitMs} ms`), startLimitMs)
    late.unref()
  })

  const kill = () => {
    child.kill('SIGKILL')
    tidy()
  }
  process.once('exit', kill)
  const stop = async () => {
    child.kill('SIGTERM')
    const forced = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
    await ended
    clearTimeout(forced)
    process.off('exit', kill)
    tidy()
  }
  const letGo = () => [child, child.stdout, child.stderr].forEach((handle) => handle.unref())
  return { port, pid: child.pid, ready, letGo, stop }
}

/** Where Linux offers it (util-linux has the option, busybox not), the server ends even when we are killed. */
function endWithParent() {
  const guard = ['setpriv', '--pdeathsig', 'KILL']
  const [command, ...args] = [...guard, 'true']
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0 ? guard : []
}

const ping = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(startLimitMs, () => socket.destroy())
    socket.once('error', () => socket.destroy())
    socket.once('close', () => resolve(false))
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString())) // one that asks for a password is up, too
      socket.destroy()
    })
  })

/** Below those that systems give to outgoing connections (from 32,768 on), which could take it before it is listened to. */
export async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const probe = createServer()
    const isFree = new Promise((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (await isFree) return port
  }
}

await asCommand(import.meta.url, async (args) => {
  const at = args.indexOf('--port')
  const redis = await startRedis(at < 0 ? {} : { port: Number(args[at + 1]) })
  const version = spawnSync(await ensureRedisServer(), ['--version'], { encoding: 'utf8' }).stdout.trim()
  say(version)
  say(`a private Redis is at ${redis.url} (process ${redis.pid}); Ctrl-C ends it`)
  const stay = setInterval(() => {}, 2 ** 30) // a signal handler alone keeps no process alive
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  clearInterval(stay)
  await redis.stop()
})
