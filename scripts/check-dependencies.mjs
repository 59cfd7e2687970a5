// What do users install with us? Everything that the packages bring along, each with a licence that is open to all, none
// that runs code while it is installed unless it is said why, and every one that we chose with its reason in
// docs/dependencies.md. Known holes are asked for at the registry, where it answers.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { asCommand, bin, Plain, root, say } from './run.mjs'

/** Licences that ask for nothing but to be named. */
const LICENCES = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
]
/** What runs a script when it is installed; pnpm-workspace.yaml says whether it may here, and the page why. */
const SCRIPTED = ['esbuild']

await asCommand(import.meta.url, async () => {
  const page = await readFile(path.join(root, 'docs/dependencies.md'), 'utf8')
  const chosen = new Set()
  const found = new Map()
  for (const name of await readdir(path.join(root, 'packages'))) {
    const folder = path.join(root, 'packages', name)
    const { dependencies = {}, peerDependencies = {} } = await manifestOf(folder)
    for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (!dependency.startsWith('@lovage/')) chosen.add(dependency)
    }
    await collect(folder, Object.keys(dependencies), found)
  }
  const wrong = []
  for (const { name, version, licence, scripts } of found.values()) {
    if (!licenceIsOpen(licence)) wrong.push(`${name}@${version} has the licence ${licence}`)
    if (scripts.length > 0 && !SCRIPTED.includes(name))
      wrong.push(`${name}@${version} runs ${scripts.join(', ')} when it is installed`)
  }
  for (const name of chosen)
    if (!page.includes(`| \`${name}\` |`))
      wrong.push(`docs/dependencies.md does not say why there is ${name}`)
  for (const [, name] of page.matchAll(/^\| `([^`]+)` \|/gm))
    if (!chosen.has(name)) wrong.push(`docs/dependencies.md names ${name}, which no package asks for`)
  if (wrong.length > 0)
    throw new Plain(`the dependencies are not as they should be:\n  ${wrong.join('\n  ')}`)
  say(`dependencies: ${chosen.size} are chosen, ${found.size} come along in all, each with an open licence`)
  audit()
})

async function manifestOf(folder) {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
}

/** All that stands behind these names, by where it really is. */
async function collect(from, names, found) {
  for (const name of names) {
    const link = resolve(from, name)
    if (link === undefined) continue // optional, and for another system
    const folder = await realpath(link)
    if (found.has(folder)) continue
    const manifest = await manifestOf(folder)
    const {
      version,
      license,
      licenses,
      scripts = {},
      dependencies = {},
      optionalDependencies = {},
    } = manifest
    const running = ['preinstall', 'install', 'postinstall'].filter((script) => script in scripts)
    const licence = license?.type ?? license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'none'
    if (!name.startsWith('@lovage/')) found.set(folder, { name, version, licence, scripts: running })
    await collect(folder, Object.keys({ ...dependencies, ...optionalDependencies }), found)
  }
}

/** As Node looks for a module, from a folder upwards. */
function resolve(from, name) {
  for (let folder = from; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const place = path.join(folder, 'node_modules', name)
    if (existsSync(place)) return place
  }
  return undefined
}

function licenceIsOpen(licence) {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ')
  return choices.some((choice) => choice.split(' AND ').every((each) => LICENCES.includes(each.trim())))
}

/** Known holes in what users install. A registry that does not answer the question is said, and is no failure of ours. */
function audit() {
  const asked = spawnSync(bin('pnpm'), ['audit', '--prod', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  })
  let answer
  try {
    answer = JSON.parse(asked.stdout)
  } catch {
    const why =
      `${asked.stderr}${asked.stdout}`
        .trim()
        .split('\n')
        .find((line) => /responded|audit/i.test(line)) ?? 'no answer'
    say(`dependencies: NOT AUDITED, the registry does not answer that question here (${why.trim()})`)
    return
  }
  const holes = Object.values(answer.advisories ?? {})
  if (holes.length === 0) return say('dependencies: audited, no known holes')
  const list = holes.map(
    ({ module_name: name, severity, title, url }) => `${name}: ${severity}: ${title} (${url})`,
  )
  throw new Plain(`known holes in what users install:\n  ${list.join('\n  ')}`)
}
