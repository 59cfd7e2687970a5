// Everything between a fresh clone and running code: the right Node, the dependencies, the build.
// Cheap to repeat: what is there already is left alone.
import { readFile, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { asCommand, bin, must, Plain, root, say } from './run.mjs'

/**
 * @param options.build  projects to build, as folders with a tsconfig.json. Default: the whole workspace.
 */
export async function setup({ build = [] } = {}) {
  await checkNode()
  await installDependencies()
  const startedAt = Date.now()
  say(build.length ? `building ${build.join(', ')}` : 'building')
  await must('The build', bin('tsc'), ['-b', ...build])
  say(`built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
}

async function checkNode() {
  const { engines } = await manifest()
  const [major, minor] = engines.node.match(/\d+/g).map(Number)
  const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number)
  if (ourMajor > major || (ourMajor === major && ourMinor >= minor)) return
  throw new Plain(
    `Node ${major}.${minor} or newer is needed, and this is Node ${process.versions.node}. ` +
      'Get one from https://nodejs.org or with a version manager, then run this again.',
  )
}

async function installDependencies() {
  const done = path.join(root, 'node_modules/.modules.yaml') // the last file that pnpm writes
  const installedAt = await modifiedAt(done)
  if (installedAt >= (await modifiedAt(path.join(root, 'pnpm-lock.yaml')))) return
  const { devDependencies } = await manifest()
  const version = devDependencies.pnpm
  say(`installing the dependencies with pnpm ${version}`)
  const install = ['install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
  await must('The installation', 'npx', ['--yes', `pnpm@${version}`, ...install], { env: installEnv() })
  // pnpm leaves the file alone when nothing had changed; without a fresh time we would ask it at every run.
  await utimes(done, new Date(), new Date())
}

/** Tools of development are needed whatever NODE_ENV says, and nobody is there to be asked. */
function installEnv() {
  const { NODE_ENV: _, ...env } = process.env
  return { ...env, CI: 'true', npm_config_update_notifier: 'false', npm_config_fund: 'false' }
}

const manifest = async () => JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

const modifiedAt = (file) =>
  stat(file).then(
    (found) => found.mtimeMs,
    () => 0,
  )

await asCommand(import.meta.url, (args) => setup({ build: args }))
