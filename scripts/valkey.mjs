// A Valkey beside the Redis: one on PATH or, where a whole run is asked for (CI), that of Debian's backports, unpacked into
// .cache. Nothing is installed, and nobody's package sources change.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isExecutable, onPath } from './find.mjs'
import { root, say } from './run.mjs'

const folder = path.join(root, '.cache/valkey')
const unpacked = path.join(folder, 'usr/bin/valkey-server')
const source =
  'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main\n'
const limitMs = 60_000 // a megabyte

/** @returns the path of a server, or nothing, which is said aloud */
export function findValkey() {
  const found = onPath('valkey-server') ?? (isExecutable(unpacked) ? unpacked : undefined)
  if (found) return found
  if (!process.env.CI) return undefined
  if (isBookworm() && fetch() && isExecutable(unpacked)) return unpacked
  say('no valkey-server on PATH, and none to be had here: NOT TRIED on Valkey')
  return undefined
}

function isBookworm() {
  return (
    existsSync('/usr/bin/apt-get') &&
    existsSync('/etc/os-release') &&
    /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8'))
  )
}

function fetch() {
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'sources.list'), source)
  const settings = {
    'Dir::Etc::SourceList': path.join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': path.join(folder, 'lists'),
    'Dir::Cache': path.join(folder, 'cache'),
    'APT::Sandbox::User': 'root', // who may not write here otherwise
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const done = (command, ...args) =>
    spawnSync(command, args, { cwd: folder, stdio: 'ignore', timeout: limitMs }).status === 0
  return (
    done('apt-get', ...options, 'update') &&
    done('apt-get', ...options, 'download', 'valkey-server', 'valkey-tools') &&
    readdirSync(folder)
      .filter((name) => name.endsWith('.deb'))
      .every((name) => done('dpkg-deb', '--extract', name, folder))
  )
}
