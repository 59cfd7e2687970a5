/** What strangers send: values, texts and frames that no client of ours would. */
import fc from 'fast-check'

/** How often the suite's number of inputs is drawn: `LOVAGE_FUZZ=10` draws ten times as many. */
const TIMES = Number(process.env['LOVAGE_FUZZ'] ?? 1)

/** The parameters of a property: the seed is printed, and `LOVAGE_SEED` draws the same again. */
export function drawing(
  what: string,
  inputs: number,
  perRun: number,
): fc.Parameters<unknown> & { seed: number } {
  const seed = Number(process.env['LOVAGE_SEED'] ?? Date.now() % 2 ** 31)
  console.log(`fuzz: ${what}, LOVAGE_SEED=${seed}`)
  return { seed, numRuns: Math.ceil((inputs * TIMES) / perRun), endOnFailure: true }
}

/** What an input has that something may stumble over. */
const TRAITS: Readonly<Record<string, (text: string) => boolean>> = {
  'keys such as __proto__': (text) => /__proto__|constructor|prototype/.test(text),
  'nested 100 deep or more': (text) => /(\[|\{"[a-z]*":){100}/.test(text),
  'huge numbers': (text) => /\d{16}|\de\+?\d\d/i.test(text),
  'annotations of superjson': (text) => text.includes('"meta"'),
  'not JSON': (text) => !isJson(text),
}

/** Counts the inputs of one surface as they are sent, and what they have. `told` after the last one. */
export class Tally {
  readonly #surface: string
  readonly #traits = new Map<string, number>()
  #count = 0

  constructor(surface: string) {
    this.#surface = surface
  }

  add(text: string): void {
    this.#count += 1
    for (const [name, has] of Object.entries(TRAITS)) {
      if (has(text)) this.#traits.set(name, (this.#traits.get(name) ?? 0) + 1)
    }
  }

  tell(): void {
    const traits = [...this.#traits].map(([name, count]) => `${name} ${count}`)
    console.log(`fuzz: ${this.#count} inputs: ${this.#surface} (${traits.join(', ')})`)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'length',
  '0',
  'then',
]

/** Texts that mean something to somebody: JSON, Redis, Lua, paths, patterns, terminals. */
const SHARP = [
  '',
  '\0',
  '\n',
  '\r\nDEL x\r\n',
  '"',
  '\\',
  '{}',
  '*',
  '../../etc/passwd',
  '%s%n',
  "']) redis.call('FLUSHALL') --",
  '\u001B[2J',
  '\uD800',
  '９',
  'null',
  '-0',
  'NaN',
  '1e999',
  'x'.repeat(5_000),
  ...KEYS,
]

export const sharpText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SHARP) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
)

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -1, 1, 2 ** 31, 2 ** 53, 2 ** 64, 1e308, -1e308, 0.1, Number.MIN_VALUE),
)

const leaf = fc.oneof(sharpText, number, fc.boolean(), fc.constant(null))

/** Any JSON, with keys that mean something to JavaScript; a `__proto__` is a key of its own, as it is when it was parsed. */
export const sharpValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...KEYS), sharpText), tie('value')), { maxLength: 4 })
      .map(
        (entries) => JSON.parse(`{${entries.map(([k, v]) => `${text(k)}:${text(v)}`).join(',')}}`) as unknown,
      ),
  ),
})).value

/** As JSON, also where `JSON.stringify` would call a `toJSON`, or refuse half a surrogate pair. */
const text = (value: unknown): string => JSON.stringify(value) ?? 'null'

/** JSON that is nested as deep as a frame allows. */
const deep = fc
  .tuple(fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"json":', '}']), fc.integer({ min: 10, max: 20_000 }))
  .map(([[open, close], levels]) => `${open.repeat(levels)}1${close.repeat(levels)}`)

/** What superjson calls rich, right and wrong. */
const TYPES = [
  'Date',
  'bigint',
  'undefined',
  'set',
  'map',
  'regexp',
  'URL',
  'Error',
  'number',
  ['class', 'Object'],
  ['custom', 'x'],
  ['custom', 'lovage.sealed'],
  ['symbol', 'iterator'],
  ['typed-array', 'Uint8Array'],
  ['typed-array', '__proto__'],
  'nonsense',
]

const path = fc.oneof(
  fc.constantFrom(
    '',
    'input',
    'input.texts',
    'input.texts.0',
    '__proto__.polluted',
    'constructor.prototype.polluted',
  ),
  fc
    .array(fc.oneof(fc.constantFrom(...KEYS, 'input', 'texts'), sharpText), { maxLength: 4 })
    .map((keys) => keys.join('.')),
)

const annotations: fc.Arbitrary<unknown> = fc.oneof(
  sharpValue,
  fc.record(
    {
      values: fc.oneof(
        fc.dictionary(
          path,
          fc.constantFrom(...TYPES).map((type) => [type]),
        ),
        fc.constantFrom(...TYPES).map((type) => [type]),
        sharpValue,
      ),
      referentialEqualities: fc.oneof(fc.dictionary(path, fc.array(path, { maxLength: 3 })), sharpValue),
      v: fc.constantFrom(0, 1, 2, -1, 'x'),
    },
    { requiredKeys: [] },
  ),
)

/** What stands where a procedure looks for its input, as JSON. */
export const hostileInput = (known: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(known, annotations).map(([json, meta]) => text({ json, meta })) },
    { weight: 4, arbitrary: known.map((json) => text({ json })) },
    { weight: 2, arbitrary: sharpValue.map(text) },
    { weight: 1, arbitrary: deep },
    { weight: 1, arbitrary: deep.map((json) => `{"json":{"input":${json}}}`) },
  )

/** A text with some characters taken out, doubled or replaced. */
export const damaged = (whole: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      whole,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('cut', 'double', 'replace'), fc.nat(255)), {
        maxLength: 4,
      }),
    )
    .map(([seen, blows]) =>
      blows.reduce((current, [place, how, code]) => {
        if (current === '') return current
        const at = place % current.length
        const [before, hit, after] = [current.slice(0, at), current[at] as string, current.slice(at + 1)]
        if (how === 'cut') return before + after
        return how === 'double' ? before + hit + hit + after : before + String.fromCharCode(code) + after
      }, seen),
    )
