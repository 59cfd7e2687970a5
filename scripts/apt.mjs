// Installs a package of Debian's, where that is possible without asking anybody.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { must, Plain } from './run.mjs'

/**
 * What to put before a command so that root runs it; `undefined` where apt-get is not there, or root cannot be had
 * without a password.
 */
export function aptPrefix() {
  if (!existsSync('/usr/bin/apt-get')) return undefined
  if (process.getuid?.() === 0) return []
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}

/**
 * @param asRoot  what `aptPrefix` gave
 * @param advice  what to say beside the reason when it fails
 * @throws Plain
 */
export async function aptInstall(name, asRoot, advice) {
  const [command, ...before] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq']
  const patient = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120'] // seconds; another installation may be under way
  try {
    await must('apt-get update', command, [...before, ...patient, 'update'])
    const install = ['install', '--yes', '--no-install-recommends', name]
    await must(`apt-get install ${name}`, command, [...before, ...patient, ...install])
  } catch (error) {
    throw new Plain(`${error.message}\n${advice}`)
  }
}
