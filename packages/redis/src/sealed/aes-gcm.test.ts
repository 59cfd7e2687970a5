import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { aesGcm } from './aes-gcm.ts'

const about = { owner: null }
const key = (): string => randomBytes(32).toString('base64')
const oldKey = key()
const old = aesGcm({ keys: { old: oldKey }, current: 'old' })

test.for(['', 'x', '{"name":"Zoë 🍃"}', 'long '.repeat(50_000)])(
  'what was sealed is opened: %.20s',
  (text) => {
    const sealed = old.seal(text, about)
    expect(old.open(sealed)).toBe(text)
    if (text.length > 1) expect(sealed).not.toContain(text)
  },
)

test('the same text looks different each time', () => {
  expect(old.seal('x', about)).not.toBe(old.seal('x', about))
})

test('a new key seals, and the old one still opens', () => {
  const both = aesGcm({ keys: { old: oldKey, new: key() }, current: 'new' })
  expect(both.seal('x', about)).toMatch(/^new\./)
  expect(both.open(old.seal('x', about))).toBe('x')
})

test('what another key sealed under the same name is not opened', () => {
  const other = aesGcm({ keys: { old: key() }, current: 'old' })
  expect(() => other.open(old.seal('x', about))).toThrow()
})

test('a key that is gone is named', () => {
  const other = aesGcm({ keys: { new: key() }, current: 'new' })
  expect(() => other.open(old.seal('x', about))).toThrow('There is no key "old".')
})

test('not one character may be altered, not even the name of the key', () => {
  const both = aesGcm({ keys: { old: oldKey, twin: oldKey }, current: 'twin' })
  const sealed = both.seal('secret', about)
  expect(() => both.open(sealed.replace('twin.', 'old.'))).toThrow()
  for (let at = 'twin.'.length; at < sealed.length; at++) {
    const altered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'Z' : 'A'}${sealed.slice(at + 1)}`
    expect(() => both.open(altered), altered).toThrow()
  }
})

test.for(['', '.', 'old', 'old.', 'old.AAAA', 'x'.repeat(1_000), '\0.\0'])('%j is refused', (text) => {
  expect(() => old.open(text)).toThrow()
})

test.for<[name: string, options: Parameters<typeof aesGcm>[0], option: string]>([
  ['a key that is too short', { keys: { k: 'c2hvcnQ=' }, current: 'k' }, 'cipher.keys.k'],
  ['a key that is not there', { keys: { k: undefined as unknown as string }, current: 'k' }, 'cipher.keys.k'],
  ['a name with a dot', { keys: { 'a.b': key() }, current: 'a.b' }, 'cipher.keys'],
  ['a current key that is none of them', { keys: { k: key() }, current: 'l' }, 'cipher.current'],
])('%s is refused, and not shown', ([, options, option]) => {
  const shown = Object.values(options.keys)
  expect(() => aesGcm(options)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ option }) }),
  )
  try {
    aesGcm(options)
  } catch (error) {
    for (const secret of shown) if (secret !== undefined) expect(String(error)).not.toContain(secret)
  }
})
