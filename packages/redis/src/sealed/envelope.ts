/**
 * How sealed values look at rest. A value becomes a JSON string with an annotation of superjson's kind, which stores
 * carry along wherever they join values (the outputs of a group become one input). A text, such as the message of an
 * error, becomes a token that is found again within any other text.
 */
import { encode, type Encoded, type Failure, type LogLine, SEALED } from '@lovage/core'
import { SuperJSON } from 'superjson'
import type { Cipher } from './cipher.ts'

type Owner = string | null

const SEALED_META = JSON.stringify({ values: [['custom', SEALED]], v: 1 })
const TOKEN = /sealed:([\w.~-]+);/g

type SaidLine = Omit<LogLine, 'n'>

/** What `encode` never meets: a mark for superjson, by which it knows what to open. */
class SealedText {}

/** Seals and opens what a store keeps, with one cipher. */
export class Envelope {
  readonly #cipher: Cipher
  readonly #reader = new SuperJSON()

  constructor(cipher: Cipher) {
    this.#cipher = cipher
    this.#reader.registerCustom<SealedText, string>(
      {
        isApplicable: (value): value is SealedText => value instanceof SealedText,
        serialize: () => '',
        deserialize: (sealed) => {
          const { json, meta } = this.#opened(sealed)
          return this.#reader.deserialize({
            json: JSON.parse(json) as never,
            ...(meta !== undefined && { meta: JSON.parse(meta) as never }),
          })
        },
      },
      SEALED,
    )
  }

  seal({ json, meta }: Encoded, owner: Owner): Encoded {
    // JSON has no line feed of its own, so the first one is the border.
    const sealed = this.#sealed(meta === undefined ? json : `${json}\n${meta}`, owner)
    return { json: `"${sealed}"`, meta: SEALED_META }
  }

  /** What cannot be opened stays as it is, and is refused where somebody asks for the value. */
  open(encoded: Encoded): Encoded {
    const { json, meta } = encoded
    if (meta === undefined || !meta.includes(SEALED)) return encoded
    try {
      if (meta === SEALED_META) return this.#opened(JSON.parse(json) as string)
      // Several in one: the outputs of others, and the errors of those that failed.
      const parts = { json: JSON.parse(this.#openedInJson(json)) as never, meta: JSON.parse(meta) as never }
      return encode(this.#reader.deserialize(parts))
    } catch {
      return encoded
    }
  }

  /** The name of the error stays readable, since policies and dashboards go by it. */
  sealFailure(failure: Failure, owner: Owner): Failure {
    return texts(failure, (text) => this.#sealedText(text, owner))
  }

  openFailure(failure: Failure): Failure {
    return texts(failure, (text) => this.#openedText(text))
  }

  /** Lines of a log keep their time and level, and their place in a list: stores number and count them. */
  sealSaid({ json }: Encoded, owner: Owner): Encoded {
    const said = JSON.parse(json) as string | SaidLine[]
    const sealed =
      typeof said === 'string'
        ? this.#sealedText(said, owner)
        : said.map(({ message, fields, ...line }) => ({
            ...line,
            message: this.#sealedText(JSON.stringify({ message, fields }), owner),
          }))
    return { json: JSON.stringify(sealed) }
  }

  openSaid({ json }: Encoded): Encoded {
    const said = JSON.parse(json) as string | SaidLine[]
    const opened =
      typeof said === 'string'
        ? this.#openedText(said)
        : said.map((line) => {
            const text = this.#openedText(line.message)
            return text === line.message ? line : { ...line, ...(JSON.parse(text) as Partial<SaidLine>) }
          })
    return { json: JSON.stringify(opened) }
  }

  #opened(sealed: string): Encoded {
    const [json = '', meta] = this.#cipher.open(sealed).split('\n', 2)
    return meta === undefined ? { json } : { json, meta }
  }

  /** Within JSON and within other texts it must be found again as it was. */
  #sealed(text: string, owner: Owner): string {
    const sealed = this.#cipher.seal(text, { owner })
    if (typeof sealed === 'string' && /^[\w.~-]+$/.test(sealed)) return sealed
    throw new TypeError(
      'The `seal` of a cipher must answer a text of letters, digits, dots, dashes, underscores and tildes.',
    )
  }

  #sealedText(text: string, owner: Owner): string {
    return `sealed:${this.#sealed(text, owner)};`
  }

  #openedText(text: string): string {
    return text.replaceAll(TOKEN, (token, sealed: string) => {
      try {
        return this.#cipher.open(sealed)
      } catch {
        return token
      }
    })
  }

  #openedInJson(json: string): string {
    return json.replaceAll(TOKEN, (token) => JSON.stringify(this.#openedText(token)).slice(1, -1))
  }
}

function texts(failure: Failure, change: (text: string) => string): Failure {
  const { message, stack } = failure
  return { ...failure, message: change(message), ...(stack !== undefined && { stack: change(stack) }) }
}
