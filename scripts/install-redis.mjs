// Installs Debian's redis-server where that is possible without asking anybody, or says what to install.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { aptInstall, aptPrefix } from './apt.mjs'
import { Plain, say } from './run.mjs'

/** @throws Plain with what to install, where this machine does not let us */
export async function installRedis() {
  const asRoot = aptPrefix()
  if (!asRoot) throw new Plain(advice)
  say('no redis-server or valkey-server on PATH: installing Debian’s redis-server with apt-get')
  const release = forbidServices(asRoot)
  try {
    await aptInstall('redis-server', asRoot, advice)
  } finally {
    release()
  }
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
