/** Hears every command that a server is given, those of scripts included, and tells with which version each came. */
import { Redis } from 'ioredis'

/** What `COMMAND DOCS` says of a command or an argument, as far as it is read here. */
interface Documented {
  since: string
  /** Words that stand for options, with the version of each. */
  tokens: Map<string, string>
}

export class CommandWatch implements AsyncDisposable {
  readonly #monitor: Redis
  /** Each command, with every short word that it was given. */
  readonly #words = new Map<string, Set<string>>()

  private constructor(monitor: Redis) {
    this.#monitor = monitor
    monitor.on('monitor', (_time: string, [name = '', ...args]: string[]) => {
      if (OF_TESTS.has(name.toLowerCase())) return
      const command = this.#wordsOf(name)
      for (const arg of args) if (/^[a-z]{2,12}$/i.test(arg)) command.add(arg.toUpperCase())
    })
  }

  static async on(url: string): Promise<CommandWatch> {
    const redis = new Redis(url, { disableClientInfo: true })
    const monitor = await redis.monitor() // a connection beside this one
    redis.disconnect()
    return new CommandWatch(monitor)
  }

  #wordsOf(name: string): Set<string> {
    const key = name.toUpperCase()
    const words = this.#words.get(key) ?? new Set()
    this.#words.set(key, words)
    return words
  }

  /** What was heard and the version that brought it: `LPOP` 1.0, `ZRANGE BYSCORE` 6.2. */
  async heard(redis: Redis): Promise<Map<string, string>> {
    const used = new Map<string, string>()
    for (const [name, words] of this.#words) {
      const { since, tokens } = await documented(redis, name)
      used.set(name, since)
      for (const [token, itsSince] of tokens)
        if (words.has(token) && itsSince !== since) used.set(`${name} ${token}`, itsSince)
    }
    return used
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor.disconnect()
  }
}

/** The version that brought a command, or an option of one: `ZRANGE BYSCORE`. */
export async function sinceOf(redis: Redis, text: string): Promise<string | undefined> {
  const [name = '', token] = text.split(' ')
  const { since, tokens } = await documented(redis, name)
  return token === undefined ? since : tokens.get(token)
}

/** What only the tests ask, to look at their keys and to let them age. */
const OF_TESTS = new Set(['scan', 'keys', 'pttl', 'monitor', 'command', 'hello'])

async function documented(redis: Redis, name: string): Promise<Documented> {
  const [, docs] = (await redis.call('COMMAND', 'DOCS', name)) as [string, unknown[]]
  const since = versionOf(fieldsOf(docs))
  const tokens = new Map<string, string>()
  collect(docs, since, tokens)
  return { since, tokens }
}

/** An argument that says nothing of its version came with the command, or with the argument around it. */
function collect(flat: readonly unknown[], since: string, tokens: Map<string, string>): void {
  const fields = fieldsOf(flat) as {
    since?: string
    token?: string
    arguments?: unknown[][]
    subcommands?: unknown[]
  }
  const own = fields.since === undefined ? since : versionOf(fields)
  if (fields.token !== undefined) tokens.set(fields.token.toUpperCase(), own)
  for (const argument of fields.arguments ?? []) collect(argument, own, tokens)
  const subcommands = fields.subcommands ?? []
  for (let at = 0; at < subcommands.length; at += 2) {
    const [name, docs] = subcommands.slice(at, at + 2) as [string, unknown[]]
    const word = name.split('|')[1] as string
    tokens.set(word.toUpperCase(), versionOf(fieldsOf(docs)))
  }
}

/** Without the patch, of which no version brings anything. */
const versionOf = ({ since }: { since?: unknown }): string => String(since).split('.').slice(0, 2).join('.')

function fieldsOf(flat: readonly unknown[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (let at = 0; at < flat.length; at += 2) fields[String(flat[at])] = flat[at + 1]
  return fields
}
