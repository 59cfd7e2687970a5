/** The program `lovage`, run again and again in one process: its words come as messages, what it says goes back. */
import type { main as Main } from '../../packages/cli/dist/main.js'

export interface Said {
  code: number
  stdout: string
  stderr: string
}

process.stdout.setMaxListeners(0)
const path = new URL('../../../packages/cli/dist/main.js', import.meta.url)
const { main } = (await import(path.href)) as { main: typeof Main }

process.on('message', (typed: string[]) => {
  const said: Said = { code: -1, stdout: '', stderr: '' }
  const taken = (name: 'stdout' | 'stderr') =>
    function (chunk: string | Uint8Array, ...rest: unknown[]): boolean {
      said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      for (const callback of rest) if (typeof callback === 'function') callback()
      return true
    }
  process.stdout.write = taken('stdout')
  process.stderr.write = taken('stderr')
  void main(typed).then((code) => process.send?.({ ...said, code }))
})
process.send?.('ready')
