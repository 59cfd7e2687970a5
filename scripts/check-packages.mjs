// Would the packages be right if they were published now? Nothing unused (knip), then each package packed as it
// would be and looked at from outside: what is in it, its manifest (publint), its types (are the types wrong).
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { asCommand, bin, Plain, root, say } from './run.mjs'

await asCommand(import.meta.url, async () => {
  await inspect('knip', 'knip', [])
  say('knip: no unused file, export or dependency')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lovage-pack-'))
  try {
    for (const name of await readdir(path.join(root, 'packages'))) await checkPackage(name, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function checkPackage(name, folder) {
  const cwd = path.join(root, 'packages', name)
  const pack = await inspect(`packing ${name}`, 'pnpm', ['pack', '--json', '--pack-destination', folder], cwd)
  const { filename: tarball, files, version } = JSON.parse(pack)
  const paths = files.map((file) => file.path)
  const lacking = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter(
    (file) => !paths.includes(file),
  )
  if (lacking.length) throw new Plain(`@lovage/${name} would be published without ${lacking.join(', ')}.`)
  const surplus = paths.filter((file) => /\.test(-d)?\.|tsbuildinfo/.test(file))
  if (surplus.length) throw new Plain(`@lovage/${name} would be published with ${surplus.join(', ')}.`)
  await inspect(`publint on @lovage/${name}`, 'publint', ['run', tarball, '--strict'])
  await inspect(`attw on @lovage/${name}`, 'attw', [tarball, '--profile', 'esm-only'])
  say(`@lovage/${name} ${version}: ${paths.length} files, manifest and types are right`)
}

/** What a tool prints. When it objects we end with its own words. */
function inspect(what, tool, args, cwd = root) {
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    // The workspace's programs come first on PATH: publint and attw look for pnpm there.
    const PATH = path.dirname(bin('pnpm')) + path.delimiter + process.env.PATH
    const child = spawn(bin(tool), args, {
      cwd,
      env: { ...process.env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) return resolve(out)
      reject(new Plain(`${what} failed (exit code ${code}):\n${(out + err).trim()}`))
    })
  })
}
