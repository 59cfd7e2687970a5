/**
 * A command as we send it: encoded in one pass, as one text. ioredis copies the list of arguments, asks for the command's
 * flags by its name, which it writes in lower case each time, and hands the socket a string that Node sizes for three bytes
 * a character.
 */
import { Buffer } from 'node:buffer' // the global one is an accessor
import { bySize } from './by-size.ts'

export type PackedArgs = readonly (string | number)[]

/** A text of single bytes, or bytes. */
export function packed(name: string, args: PackedArgs): string | Buffer {
  const text = textOf(name, args, lengthOf)
  // Asked of the whole: to ask for the bytes of each argument takes longer than all the rest.
  return Buffer.byteLength(text) === text.length
    ? text
    : Buffer.from(textOf(name, args, Buffer.byteLength), 'utf8')
}

function textOf(name: string, args: PackedArgs, bytesOf: (part: string) => number): string {
  let text = `*${args.length + 1}${sized(name.length)}${name}`
  for (const arg of args) {
    const part = typeof arg === 'string' ? arg : `${arg}`
    text += sized(bytesOf(part)) + part
  }
  return `${text}\r\n`
}

const lengthOf = (part: string): number => part.length

/** The end of what was before, and how many bytes come now. */
const sized = bySize((bytes) => `\r\n$${bytes}\r\n`)
