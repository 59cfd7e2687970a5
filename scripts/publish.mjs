// Publishes all packages as they are checked: from a clean tree whose tag is their version, with the registry's
// provenance. `node scripts/publish.mjs --dry-run` does all but the last step.
import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { asCommand, bin, must, Plain, root, say } from './run.mjs'

await asCommand(import.meta.url, async (args) => {
  const isDry = args.includes('--dry-run')
  const versions = await versionsOf()
  const [version, ...others] = new Set(versions.values())
  if (others.length > 0) throw new Plain(`the packages have several versions: ${[...versions].join('; ')}`)
  const dirty = git('status', '--porcelain')
  if (dirty !== '') throw new Plain(`there are changes that are not committed:\n${dirty}`)
  const tags = git('tag', '--points-at', 'HEAD').split('\n')
  if (!isDry && !tags.includes(`v${version}`)) throw new Plain(`this commit has no tag v${version}`)
  await must('npm run check', 'npm', ['run', 'check'])
  const how = isDry ? ['--dry-run', '--no-git-checks'] : ['--no-git-checks', '--provenance']
  for (const name of versions.keys()) {
    say(`publishing @lovage/${name}@${version}${isDry ? ' (not really)' : ''}`)
    const cwd = path.join(root, 'packages', name)
    await must(`Publishing ${name}`, bin('pnpm'), ['publish', '--access', 'public', ...how], { cwd })
  }
})

async function versionsOf() {
  const versions = new Map()
  for (const name of await readdir(path.join(root, 'packages'))) {
    const manifest = await readFile(path.join(root, 'packages', name, 'package.json'), 'utf8')
    versions.set(name, JSON.parse(manifest).version)
  }
  return versions
}

function git(...args) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim()
}
