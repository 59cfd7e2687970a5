/**
 * A Lua script whose keys and arguments have names. The prelude that gives them these names in Lua is written
 * from the same lists that type the call, so each list exists once.
 *
 * The text lives in TypeScript, where a bundler cannot lose it; what scripts share are constants of text as
 * well. Scripts answer in words, or in arrays headed by a word.
 */
import { createHash } from 'node:crypto'
import { LovageError } from '@lovage/core'
import { type Args, type CallOptions, type Form, ONCE } from './call.ts'
import type { Command, Connection } from './connection.ts'
import { type KeyName, type Keys, suffixOf } from './keys.ts'

export interface Script<Arg extends string, Reply> {
  readonly name: string
  readonly keys: readonly KeyName[]
  /** Those of them that are sent where this is no cluster. */
  readonly sent: readonly KeyName[]
  readonly args: readonly Arg[]
  /** Of each of them, whether it is one of the settings. */
  readonly areSettings: readonly boolean[]
  readonly source: string
  readonly sha: string
  /** Whether running it twice is as good as once: then it is sent again when its reply was lost. */
  readonly repeatable: boolean
  /** Is sent in its place, with the same keys and arguments, once it may have been carried out without our knowing. */
  readonly again: Script<Arg, Reply> | undefined
  // All scripts have the same properties: each call reads most of them.
  readonly ahead: Ahead | undefined
  readonly decode: (reply: unknown) => Reply
}

/**
 * Commands that are carried out before the script, in one transaction with it, and the items that are left to it. What
 * has nothing to ask before it acts costs the server as a command two thirds of what it costs as a call of Lua.
 */
type Ahead = (keys: Keys, items: Items) => { commands: Command[]; items: Items }

type Items = readonly (string | number)[]

/**
 * Arguments that are the same in every call of a store, or known to it alone; a script takes them by naming
 * them.
 */
export interface Settings {
  /** Unix ms; empty: by the server's clock. */
  now: string
  streamMaxLen: number
  prefix: string
  /** 0: no bound. */
  resultsMax: number
  failedMax: number
  failedMaxAgeMs: number
  /** How many records groups may hold back. */
  streamCap: number
  resultPrefix: string
  saidPrefix: string
  ctlPrefix: string
  groupPrefix: string
}

const SETTINGS: Readonly<Record<keyof Settings, true>> = {
  now: true,
  streamMaxLen: true,
  prefix: true,
  resultsMax: true,
  failedMax: true,
  failedMaxAgeMs: true,
  streamCap: true,
  resultPrefix: true,
  saidPrefix: true,
  ctlPrefix: true,
  groupPrefix: true,
}

/**
 * In `first` and `body`, keys and arguments are locals of these names, and `items` is where the unnamed arguments begin:
 * the first one is `ARGV[items + 1]`.
 *
 * `first` runs before anything else is made, and may return the answer: it is for what nearly all calls need. The body
 * is a function of its own. Lua looks for a local that a new function takes from its surroundings along all
 * that others took before; what comes from further outside is at hand. With all the functions that scripts share, that
 * was a tenth of a call.
 */
export function defineScript<const Arg extends string, Reply>(script: {
  name: string
  keys: readonly KeyName[]
  args: readonly Arg[]
  repeatable: boolean
  again?: Script<NoInfer<Arg>, NoInfer<Reply>>
  ahead?: Ahead
  first?: string
  body: string
  decode: (reply: unknown) => Reply
}): Script<Arg, Reply> {
  const { name, keys, args, repeatable, again, ahead, first = '', body, decode } = script
  const isBuilding = buildsNames(script)
  const parts = [
    LOCALS,
    locals(
      args,
      args.map((_, n) => `ARGV[${n + 1}]`),
    ),
    locals(keys, keys.map(isBuilding ? built : (_, n) => `KEYS[${n + 1}]`)),
    `local items = ${args.length}`,
    first,
    ...(body === '' ? [] : ['local function body()', body, 'end', 'return body()']),
  ]
  const source = `${parts.filter((part) => part !== '').join('\n')}\n`
  const sent = isBuilding ? keys.slice(0, 1) : keys
  const areSettings = args.map((one) => one in SETTINGS)
  const sha = shaOf(source)
  return { name, keys, sent, args, areSettings, source, sha, repeatable, again, ahead, decode }
}

/**
 * The same script for calls that give it other arguments: `opening` takes those, and either returns the answer or
 * leaves behind it a local `ARGV` as the script has it.
 */
export function opened<Arg extends string, Reply>(
  script: Script<Arg, Reply>,
  { name, opening, decode }: { name: string; opening: string; decode: (reply: unknown) => Reply },
): Script<never, Reply> {
  const { keys, sent, repeatable } = script
  const source = `${opening}\n${script.source}`
  const sha = shaOf(source)
  return {
    name,
    keys,
    sent,
    args: [],
    areSettings: [],
    source,
    sha,
    repeatable,
    again: undefined,
    ahead: undefined,
    decode,
  }
}

const shaOf = (source: string): string => createHash('sha1').update(source).digest('hex')

/** Lua finds a local faster than a global, and some loops run a hundred times a call. */
const LOCALS = 'local redis, string, ARGV = redis, string, ARGV'

/** `locals(['jobs', 'wait'], ['KEYS[1]', 'KEYS[2]'])` is `local jobs, wait = KEYS[1], KEYS[2]`. */
function locals(names: readonly string[], values: readonly string[]): string {
  return names.length === 0 ? '' : `local ${names.join(', ')} = ${values.join(', ')}`
}

/**
 * A key that is sent costs the server twice as much as one whose name the script builds, and the twelve of a step were a
 * tenth of what it costs. So whoever has the prefix builds them; one is sent, by which a proxy knows where the call belongs.
 */
const buildsNames = ({ args }: { args: readonly string[] }): boolean => args.includes('prefix')

const built = (name: KeyName): string => `prefix .. '${suffixOf(name)}'`

/** Text that is Lua, without the indentation that it has in TypeScript. */
export function lua(strings: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  const indents = strings.raw.join('x').match(/\n +(?=\S)/g) ?? []
  const indent = Math.min(...indents.map((found) => found.length - 1))
  const raw = strings.raw.map((text) => text.replaceAll(`\n${' '.repeat(indent)}`, '\n'))
  return String.raw({ raw }, ...parts).trim()
}

/** A decoder for a script that answers `[word, …]`; another word would be a mistake in the script. */
export function headed<const Word extends string, Reply>(
  words: readonly Word[],
  decode: (word: Word, rest: unknown[]) => Reply,
): (reply: unknown) => Reply {
  return (reply) => {
    const [head, ...rest] = Array.isArray(reply) ? (reply as unknown[]) : [reply]
    const word = words.find((known) => known === head)
    if (word === undefined) {
      throw new LovageError('INTERNAL', {
        message: `A script answered ${String(head)}; expected ${words.join(', ')}.`,
      })
    }
    return decode(word, rest)
  }
}

/** Runs scripts on one connection, for one queue. */
export type Run = <Arg extends string, Reply>(
  script: Script<Arg, Reply>,
  args: Record<Exclude<Arg, keyof Settings>, string | number>,
  items?: Items,
) => Promise<Reply>

/**
 * In a cluster all keys are sent, and one more that is never there. While a slot moves to another node, key by key, the
 * server takes a script for complete when the keys that it names are there, and then refuses those that it finds by
 * itself: it would stop in the middle. With a key that is missing it is refused before it begins, until all have moved.
 */
export function runner(
  connection: Pick<Connection, 'script' | 'together' | 'isCluster'>,
  keys: Keys,
  settings: Settings,
): Run {
  const guard = keys.prefix + GUARD
  let mayTransact = true
  // Asked when it is sent: whether this is a cluster may be learned only then.
  const argsOf = <Arg extends string>(
    { keys: all, sent, args: names, areSettings }: Script<Arg, unknown>,
    text: string,
    own: Partial<Record<string, string | number>>,
    items: Items,
  ): Args => {
    const given: Args = [text, 0]
    for (const name of connection.isCluster ? all : sent) given.push(keys[name])
    if (connection.isCluster) given.push(guard)
    given[1] = given.length - 2
    // To look for a property where it is not takes longer than all the rest.
    for (let n = 0; n < names.length; n++) {
      const name = names[n] as Arg
      given.push(areSettings[n] === true ? settings[name as keyof Settings] : (own[name] as string | number))
    }
    for (const item of items) given.push(item)
    return given
  }
  const alone = <Arg extends string, Reply>(
    script: Script<Arg, Reply>,
    args: Partial<Record<string, string | number>>,
    items: Items,
  ): Promise<Reply> => {
    const { again = script, ahead, repeatable, decode } = script
    let sends = 0
    let last: Form | undefined
    const of = (form: Form): Args => {
      if (sends === 1 && form !== last) sends = 0 // the server did not know it: not carried out, for sure
      last = form
      const one = sends++ === 0 && ahead === undefined ? script : again
      return argsOf(one, form === 'sha' ? one.sha : one.source, args, items)
    }
    return connection.script(of, repeatable ? REPEATABLE : ONCE, decode)
  }
  const inTransaction = async <Arg extends string, Reply>(
    script: Script<Arg, Reply>,
    args: Partial<Record<string, string | number>>,
    items: Items,
    ahead: Ahead,
  ): Promise<Reply> => {
    const { repeatable, again = script, decode } = script
    let sends = 0
    const transaction = (): Command[] => {
      if (sends++ > 0) return [['eval', argsOf(again, again.source, args, items)]]
      const first = ahead(keys, items)
      // By its text: a script that is not known would be missed when the rest is done.
      const last: Command = ['eval', argsOf(script, script.source, args, first.items)]
      return [['multi', []], ...first.commands, last, ['exec', []]]
    }
    try {
      const reply = (await connection.together(transaction, repeatable ? REPEATABLE : ONCE)).at(-1)
      return decode(Array.isArray(reply) ? reply.at(-1) : reply)
    } catch (error) {
      if (!isWithoutTransactions(error)) throw error
      mayTransact = false // what was sent has been carried out as single commands
      return alone(script, args, items)
    }
  }
  return (script, args, items = NO_ITEMS) => {
    const { ahead } = script
    return ahead !== undefined && mayTransact
      ? inTransaction(script, args, items, ahead)
      : alone(script, args, items)
  }
}

const NO_ITEMS: Items = []
const REPEATABLE: CallOptions = { repeatable: true }

const GUARD = 'guard'

/** A user who may do all but that, or a proxy that knows no transactions. */
const isWithoutTransactions = (error: unknown): boolean =>
  error instanceof LovageError &&
  error.cause instanceof Error &&
  /^(NOPERM|ERR unknown) .*multi/i.test(error.cause.message)
