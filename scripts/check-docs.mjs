// Do the docs say what is? Every relative link and every file that they name exists, and every example that begins
// with imports compiles as it is printed. Examples of one document may import each other, by the name in their first
// line (`// tasks.ts`); what a document lacks it finds in the README, then in test/docs.
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { asCommand, bin, must, Plain, root, say } from './run.mjs'

await asCommand(import.meta.url, async () => {
  const documents = await readDocuments()
  const missing = (await Promise.all(documents.map(missingFiles))).flat()
  if (missing.length) throw new Plain(`the docs name what is not there:\n  ${missing.join('\n  ')}`)
  const count = await compileExamples(documents)
  say(`docs: ${documents.length} documents, their links and ${count} examples are right`)
})

/** All Markdown that git knows or would add, the README first. */
async function readDocuments() {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']
  const listed = spawnSync('git', list, { cwd: root, encoding: 'utf8' }).stdout.trim().split('\n')
  const names = new Set(['README.md', ...listed])
  return Promise.all(
    [...names].map(async (name) => ({ name, text: await readFile(path.join(root, name), 'utf8') })),
  )
}

async function missingFiles({ name, text }) {
  const prose = text.replaceAll(/^```.*?^```/gms, '')
  const links = [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to)
  const local = links.filter((to) => !/^[a-z]+:/.test(to)).map((to) => path.join(path.dirname(name), to))
  const paths = /`((?:packages|test|examples|bench|scripts|docs)\/[\w./-]+\.\w+)`/g
  const named = [...prose.matchAll(paths)].map(([, to]) => to)
  const missing = []
  for (const file of new Set([...local, ...named])) {
    const found = await stat(path.join(root, file)).catch(() => undefined)
    if (!found) missing.push(`${name} → ${file}`)
  }
  return missing
}

async function compileExamples(documents) {
  const folder = path.join(root, 'test/dist/docs') // where the packages resolve as they do for the tests
  await rm(folder, { recursive: true, force: true })
  const readme = examplesOf(documents[0].text)
  let count = 0
  for (const document of documents) {
    const own = examplesOf(document.text)
    count += own.size
    for (const [name, code] of await withImported(own, readme)) {
      const file = path.join(folder, document.name.replaceAll(/\W/g, '-'), name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, code)
    }
  }
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      composite: false,
      declaration: false, // applications, not libraries
      declarationMap: false,
      noEmit: true,
      noUnusedLocals: false,
      types: ['node'],
      jsx: 'react-jsx',
    },
    include: ['**/*.ts', '**/*.tsx', '../../docs/globals.d.ts'],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  await must('Compiling the examples', bin('tsc'), ['-p', folder])
  return count
}

/** The examples, and what they import that is not among them. */
async function withImported(own, readme) {
  const files = new Map(own)
  for (const code of files.values()) {
    // Whatever is added to a map while it is walked is walked, too.
    for (const [, name] of code.matchAll(/ from '\.\/([\w-]+\.tsx?)'/g)) {
      if (files.has(name)) continue
      files.set(name, readme.get(name) ?? (await readFile(path.join(root, 'test/docs', name), 'utf8')))
    }
  }
  return files
}

/** The examples that stand on their own, by name: those with imports. The others are fragments. */
function examplesOf(text) {
  const blocks = [...text.matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code]) => code)
  const whole = blocks.filter((code) => /^import /m.test(code))
  return new Map(
    whole.map((code, at) => [/^\/\/ ([\w-]+\.tsx?)\b/.exec(code)?.[1] ?? `example-${at}.ts`, code]),
  )
}
