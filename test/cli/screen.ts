/** What a person sees in the end: the text on a terminal after all that a program wrote to it. */
import xterm from '@xterm/headless'

export async function screenOf(written: string, columns: number): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows: 500, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(written, resolve))
  const { active } = terminal.buffer
  const lines: string[] = []
  for (let row = 0; row < active.length; row++) {
    const line = active.getLine(row)
    const text = line?.translateToString(true) ?? ''
    if (line?.isWrapped) lines[lines.length - 1] += text
    else lines.push(text)
  }
  terminal.dispose()
  while (lines.at(-1) === '') lines.pop()
  return lines
}
