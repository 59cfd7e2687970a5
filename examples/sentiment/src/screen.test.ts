import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openScreen } from './screen.ts'

/** A stream that keeps what is written to it and looks like a terminal, or not. */
function recorder(terminal: { isTTY: boolean; rows?: number }): {
  stream: NodeJS.WriteStream
  text: () => string
} {
  const chunks: string[] = []
  const stream = Object.assign(new PassThrough(), { columns: 80, ...terminal })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join('') }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('without a terminal a bar is the one line that it finishes with', () => {
  const { stream, text } = recorder({ isTTY: false })
  const track = openScreen(stream, {}).track('Washington')
  for (let done = 0; done <= 100; done++) track.report(done, 100)
  track.finish('Washington is done')
  expect(text()).toBe('Washington is done\n')
})

it('without a terminal a bar of four steps speaks once at each quarter before the last', () => {
  const { stream, text } = recorder({ isTTY: false })
  const track = openScreen(stream, {}).track('all', { plainSteps: 4 })
  for (let done = 1; done <= 1000; done++) track.report(done, 1000, `${done} done`)
  expect(text().trim().split(/\n */)).toEqual(
    [250, 500, 750].map((n) => expect.stringMatching(new RegExp(`^all +${n / 10} %  ${n} done$`))),
  )
})

it.each([
  ['CI asks for none', { CI: 'true' }],
  ['the terminal is dumb', { TERM: 'dumb' }],
])('no bar is drawn when %s', (_, env) => {
  const { stream, text } = recorder({ isTTY: true, rows: 24 })
  const screen = openScreen(stream, env)
  screen.track('one').report(1, 2)
  screen.say('hello')
  screen.close()
  expect(text()).toBe('hello\n')
})

it('what was said and finished stays in a terminal; what was live is erased', () => {
  const { stream, text } = recorder({ isTTY: true, rows: 24 })
  const screen = openScreen(stream, {})
  const [one, two] = [screen.track('one'), screen.track('two')]
  one.report(1, 2)
  two.report(1, 4)
  vi.runAllTimers()
  expect(stripVTControlCharacters(text())).toMatch(/one .*█.* 1 of 2\n +two .*█.* 1 of 4/)
  one.finish('one is done')
  screen.close()
  expect(stripVTControlCharacters(text()).trimEnd().split('\n').at(-1)).toBe('one is done')
})

it('a live picture is never higher than the terminal, and pinned bars stay on it', () => {
  const { stream, text } = recorder({ isTTY: true, rows: 6 })
  const screen = openScreen(stream, {})
  screen.track('total', { pinned: true }).report(1, 2)
  for (let index = 0; index < 20; index++) screen.track(`bar ${index}`).report(1, 2)
  vi.runAllTimers()
  const picture = stripVTControlCharacters(text()).trimEnd().split('\n')
  expect(picture.length).toBeLessThan(6)
  expect(picture.at(-1)).toContain('total')
  screen.close()
})

it('a bar that has not begun takes no room', () => {
  const { stream, text } = recorder({ isTTY: true, rows: 24 })
  const screen = openScreen(stream, {})
  screen.track('waiting')
  screen.track('running').report(1, 2)
  vi.runAllTimers()
  expect(text()).not.toContain('waiting')
  screen.close()
})
