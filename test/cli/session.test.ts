// The session in docs/cli.md is what the program prints.
import { newJobId } from '@lovage/core'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { withRedis } from '../redis/stage.ts'
import { hasTerminals, ID, type Program, test } from './program.ts'
import { screenOf } from './screen.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/cli.md')
const COLUMNS = 110

test.skipIf(!hasTerminals)('the session in docs/cli.md is what the program prints', async ({ terminal }) => {
  await withRedis(['--appendonly', 'yes'], async ({ url }) => {
    const env = { REDIS_URL: url, TZ: 'UTC' }
    const open = (line: string): Program => terminal(wordsOf(line), { env })
    const workerLine = 'worker ./worker.ts --concurrency 2 --name mill'
    const record: string[] = [pane('1', 'the worker')]
    const operator: string[] = [pane('2', 'its operator')]
    /** Types a line and waits for its end. */
    const type = async (line: string): Promise<string[]> => {
      await using program = open(line)
      const shown = await screenOf((await program.ended()).stdout, COLUMNS)
      operator.push(`$ lovage ${line}`, ...shown, '')
      return shown
    }

    await using worker = open(workerLine)
    await worker.until('stdout', /Lovage worker ready/)
    await type('doctor')
    await type(`enqueue score '{texts:["great"]}'`)
    await type(`enqueue scor '{"texts":["great"]}' --tasks ./tasks.ts`)
    await type(`enqueue score '{"texts":["great","awful"]}' --wait`)
    await type(`enqueue mail.send '{"to":"nobody"}' --wait`)

    const id = newJobId()
    const line = `enqueue hold --id ${id} --wait`
    await using waiting = open(line)
    await waiting.until('stdout', / 50 %/)
    operator.push(`$ lovage ${line}`, ...(await screenOf(waiting.stdout, COLUMNS)), '')
    await type('inspect workers')
    await type('inspect active')
    await type(`cancel ${id} --by ada --reason 'seen enough'`)
    await waiting.ended()
    await type(`get ${id}`)
    await type('notices --last 4')
    await type('failed list')
    await type('queue pause --task score')
    await type('queue resume --task score')
    await worker.until('stdout', /was cancelled/)
    worker.child.stdin?.write('\u0003')
    const { stdout, code } = await worker.ended()
    expect(code).toBe(0)
    record.push(`$ lovage ${workerLine}`, ...(await screenOf(stdout, COLUMNS)), '')

    const shown = masked([...record, ...operator].join('\n').trimEnd())
    const document = await readFile(DOCUMENT, 'utf8')
    const [, before, after] =
      /^(.*<!-- recorded by [^\n]*-->\n```\n).*?(```\n<!-- end of the record -->.*)$/s.exec(document) ?? []
    await expect(`${before}${shown}\n${after}`).toMatchFileSnapshot(DOCUMENT)
  })
})

const pane = (number: string, title: string): string => `── pane ${number}: ${title} `.padEnd(COLUMNS, '─')

/** As a shell splits them; no line here needs more than single quotes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** What differs from run to run, made the same. Columns stay where they are. */
function masked(text: string): string {
  const ids = new Map<string, string>()
  const idOf = (id: string): string => {
    const known = ids.get(id) ?? `01a1fd00-0000-7000-8000-${String(ids.size + 1).padStart(12, '0')}`
    ids.set(id, known)
    return known
  }
  return text
    .replaceAll(new RegExp(ID, 'g'), idOf)
    .replaceAll(/127\.0\.0\.1:\d+/g, 'localhost:6379')
    .replaceAll(/\d{4}-\d\d-\d\d (\d\d:\d\d)/g, '2026-11-21 $1')
    .replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, '12:00:00.000')
    .replaceAll(/\d\d:\d\d:\d\d /g, '12:00:00 ')
    .replaceAll(/\(\d+(?:ms|s|m) ago\)/g, '(1s ago)')
    .replaceAll(/ in \d+\.\d{3}s/g, ' in 0.004s')
    .replaceAll(/% {2}\d+s {2}/g, '%    ')
    .replaceAll(/(Redis|Valkey) \d+\.\d+\.\d+/g, 'Redis 7.4.0')
    .replaceAll(/UP +MEMORY +/g, 'UP  MEMORY  ')
    .replaceAll(/\d+(?:ms|s|m) +\d+ MiB +/g, '9s  96 MiB  ')
    .replaceAll(/FAILED +ERROR/g, 'FAILED  ERROR')
    .replaceAll(/\d+(?:ms|s|m) ago +/g, '4s ago  ')
    .replaceAll(/FOR +PROGRESS/g, 'FOR  PROGRESS')
    .replaceAll(/\d+(?:ms|s|m) +\{/g, '1s   {')
    .replaceAll(/\d+\.\d MiB/g, '1.1 MiB')
    .replaceAll(/. latency {6}.*(\n {4}Each step.*)?/g, '✓ latency      0.15 ms median, 0.40 ms worst of 20')
    .replaceAll(/. clock .*(\n {4}Leases.*)?/g, '✓ clock        agrees')
    .replaceAll(/\(\/.*\/handlers\.ts:\d+:\d+\)/g, '(/app/handlers.ts:21:13)')
    .replaceAll(/\n +at (?!send).*/g, '')
}
