// Installs Debian's redis-server where that is possible without asking anybody, or says what to install.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { must, Plain, say } from './run.mjs'

/** @throws Plain with what to install, where this machine does not let us */
export async function installRedis() {
  const asRoot = rootPrefix()
  if (!existsSync('/usr/bin/apt-get') || !asRoot) throw new Plain(advice)
  say('no redis-server or valkey-server on PATH: installing Debian’s redis-server with apt-get')
  const [command, ...before] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq']
  const patient = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120'] // seconds; another installation may be under way
  const release = forbidServices(asRoot)
  try {
    await must('apt-get update', command, [...before, ...patient, 'update'])
    const install = ['install', '--yes', '--no-install-recommends', 'redis-server']
    await must('apt-get install redis-server', command, [...before, ...patient, ...install])
  } catch (error) {
    throw new Plain(`${error.message}\n${advice}`)
  } finally {
    release()
  }
}

/** What to put before a command so that root runs it, or nothing when that cannot be had without a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}

/**
 * Debian starts a service as soon as it is installed; a server on 6379 is nothing that anyone asked for here.
 * This file is Debian's own way to say no. One that exists already belongs to the machine's owner and stays.
 */
function forbidServices(asRoot) {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return () => {}
  const shell = (script) => {
    const [command, ...args] = [...asRoot, 'sh', '-c', script]
    spawnSync(command, args, { stdio: 'ignore' })
  }
  shell(`printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`)
  return () => shell(`rm -f ${policy}`)
}

const advice = `A Redis or Valkey server is needed and none was found on PATH. Install one:
  Debian, Ubuntu   sudo apt-get install redis-server
  macOS            brew install redis
  Fedora           sudo dnf install valkey
or name one that you have: REDIS_SERVER=/path/to/redis-server`
