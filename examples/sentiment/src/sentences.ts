// Splits prose into sentences, by the rules that two centuries of presidential English need.

/** A terminator, the closing marks behind it, and the gap before what follows. */
const boundary = /([.?!]+)["'”’)\]]*(?:\s+|(?<=[a-z][.?!])(?=[A-Z][a-z]))/g

/** What may open a sentence. A lower-case letter may not: it shows an abbreviation or a slip of the scan. */
const opening = /^["'“‘([$—-]*[\p{Lu}\d]/u

/** Abbreviations that always have their noun behind them, so that the full stop never ends a sentence. */
const titles = new Set(
  (
    'Mr Mrs Ms Messrs Dr Prof Rev Hon St Sts Ft Mt Gen Brig Maj Col Lieut Lt Capt Sgt Adm Com Gov Sen ' +
    'Rep Supt vs Art ART Sec Vol'
  ).split(' '),
)

/** Abbreviations that continue only before a number: 'No. 702', 'Dec. 7'. */
const beforeNumber = new Set('No Nos no nos Jan Feb Mar Apr Aug Sept Oct Nov Dec p pp'.split(' '))

/**
 * After 'U.S.', 'Jr.' and their like only a word from here opens a new sentence; any other goes on with the
 * name.
 */
const openers = new Set(
  (
    'A About After All Although An And As At Before But By During Every First For From He Here His ' +
    'How However I If In It Its Last Let Many More My Negotiations Never No Normally Not Now Of On ' +
    'Only Or Our She Since So Some Such That The Their Then There These They This Those Though To ' +
    'Today Tonight Under Until Upon We What When Where While Who Why With You Your'
  ).split(' '),
)

/** A heading's number alone: '2.', 'III.', '(a).' It belongs to the sentence that follows it. */
const enumerator = /^[("']*(?:\d{1,2}|[IVX]+|[A-Za-z])[.)]+$/

/**
 * The sentences of `text` in order, trimmed. A piece without any letter (a rule, a stray number) is left
 * out.
 */
export function splitSentences(text: string): string[] {
  const sentences: string[] = []
  let start = 0
  const close = (end: number): void => {
    const sentence = text.slice(start, end).trim()
    if (/\p{L}/u.test(sentence)) sentences.push(sentence)
    start = end
  }
  for (const match of text.matchAll(boundary)) {
    const end = match.index + match[0].length
    if (endsHere(text, start, match.index, match[1] ?? '', end)) close(end)
  }
  close(text.length)
  return sentences
}

function endsHere(text: string, start: number, at: number, terminator: string, end: number): boolean {
  const next = text.slice(end, end + 24)
  if (!opening.test(next)) return false
  if (terminator !== '.') return true
  const word = text.slice(text.lastIndexOf(' ', at - 1) + 1, at).replace(/^["'“‘([]+/, '')
  if (titles.has(word)) return false
  if (beforeNumber.has(word) && /^\d/.test(next)) return false
  if (enumerator.test(text.slice(start, at + 1).trim())) return false
  if (/^(?:\p{Lu}\.)*[\p{Lu}]$/u.test(word) && word !== 'I') return opensAfterName(next)
  if (word === 'Jr' || word === 'Sr' || word === 'Co' || word === 'Esq') return opensAfterName(next)
  return true
}

function opensAfterName(next: string): boolean {
  return openers.has(/^["'“‘([]*(\p{L}+)/u.exec(next)?.[1] ?? '')
}
