/** A cipher that is ready to use: AES-256 in Galois/Counter Mode, by Node's own OpenSSL. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { refused } from '@lovage/core'
import type { Cipher } from './cipher.ts'

export interface AesGcmOptions {
  /**
   * Keys by their names, each of 32 random bytes: what `openssl rand -base64 32` prints, or the bytes. Keep an old one
   * as long as jobs, results and notices that it sealed.
   */
  keys: Readonly<Record<string, string | Uint8Array>>
  /** The name of the key that seals. */
  current: string
}

const KEY_BYTES = 32
/** As NIST SP 800-38D recommends; random, so one key is good for 2^32 texts. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals each text under a fresh nonce, with the name of its key before it, which is authenticated too.
 *
 * @example createQueue({ tasks, redis, cipher: aesGcm({ keys: { '2026': process.env.JOBS_KEY }, current: '2026' }) })
 * @throws LovageError `OPTION_INVALID`
 */
export function aesGcm({ keys, current }: AesGcmOptions): Cipher {
  const known = new Map(Object.entries(keys).map(([name, key]) => [keyName(name), keyBytes(name, key)]))
  const sealing = known.get(current)
  if (sealing === undefined) refused('cipher.current', current, 'the name of one of the keys')
  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(current))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${current}.${sealed.toString('base64url')}`
    },
    open(sealed) {
      const border = sealed.indexOf('.')
      const name = sealed.slice(0, border)
      const key = known.get(name)
      if (key === undefined) throw new Error(`There is no key "${name.slice(0, MAX_NAME_LENGTH)}".`)
      const bytes = Buffer.from(sealed.slice(border + 1), 'base64url')
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(name))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      return (
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      )
    },
  }
}

const MAX_NAME_LENGTH = 64

function keyName(name: string): string {
  if (/^[\w-]+$/.test(name) && name.length <= MAX_NAME_LENGTH) return name
  return refused(
    'cipher.keys',
    name,
    `names of up to ${MAX_NAME_LENGTH} letters, digits, dashes and underscores`,
  )
}

/** Never shows the key, not even a wrong one. */
function keyBytes(name: string, key: unknown): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key
  if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) return bytes
  const seen = bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof key
  return refused(
    `cipher.keys.${name}`,
    seen,
    `${KEY_BYTES} bytes, as \`openssl rand -base64 32\` prints them`,
  )
}
