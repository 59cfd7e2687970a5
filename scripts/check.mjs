// Behind `npm run check`: all that is asked of a change besides its tests. Every step runs, so that one run
// tells the whole story; the names of those that failed come last.
import { asCommand, bin, Plain, run, say } from './run.mjs'
import { setup } from './setup.mjs'

const steps = [
  { name: 'lint', command: bin('oxlint') },
  { name: 'format', command: bin('oxfmt'), args: ['--check'] },
  { name: 'packages', command: process.execPath, args: ['scripts/check-packages.mjs'] },
  { name: 'dependencies', command: process.execPath, args: ['scripts/check-dependencies.mjs'] },
  { name: 'docs', command: process.execPath, args: ['scripts/check-docs.mjs'] },
]

await asCommand(import.meta.url, async () => {
  await setup()
  const failed = []
  for (const { name, command, args } of steps) {
    say(`checking: ${name}`)
    if ((await run(command, args)) !== 0) failed.push(name)
  }
  if (failed.length) throw new Plain(`these checks failed: ${failed.join(', ')}`)
  say('all checks passed')
})
