import { expect, it } from 'vitest'
import { splitSentences } from './sentences.ts'

const cases: [claim: string, text: string, sentences: string[]][] = [
  [
    'a full stop, a question and an exclamation end a sentence',
    'It is done. Why? Look!',
    ['It is done.', 'Why?', 'Look!'],
  ],
  [
    'a title keeps its name',
    'I thank Mr. Speaker and Gen. Grant. He won.',
    ['I thank Mr. Speaker and Gen. Grant.', 'He won.'],
  ],
  [
    'initials keep their surname',
    'Here is George W. Bush. He spoke.',
    ['Here is George W. Bush.', 'He spoke.'],
  ],
  ['a place keeps its saint', 'At St. Louis the river rose.', ['At St. Louis the river rose.']],
  ['U.S. goes on before a name', 'The U.S. Army Corps came.', ['The U.S. Army Corps came.']],
  [
    'U.S. ends before a new beginning',
    'It is made in the U.S. The world sees it.',
    ['It is made in the U.S.', 'The world sees it.'],
  ],
  [
    'Jr. goes on before a verb',
    'Martin Luther King, Jr. led us. We follow.',
    ['Martin Luther King, Jr. led us.', 'We follow.'],
  ],
  [
    'No. keeps its number, but "no." ends',
    'See No. 702 of it. I said no. The end.',
    ['See No. 702 of it.', 'I said no.', 'The end.'],
  ],
  [
    'a decimal point is no end',
    'It cost $2.5 million. Well spent.',
    ['It cost $2.5 million.', 'Well spent.'],
  ],
  [
    'a heading number goes to what it heads',
    '2. Peace shall last. III. War ends.',
    ['2. Peace shall last.', 'III. War ends.'],
  ],
  [
    'a closing quotation mark goes with its sentence',
    'He said "Go." They went.',
    ['He said "Go."', 'They went.'],
  ],
  ['a curly quotation mark does too', '“We the People.” It stands.', ['“We the People.”', 'It stands.']],
  [
    'a gap that is missing is found',
    'It is ugly.Each American knows.',
    ['It is ugly.', 'Each American knows.'],
  ],
  ['a small letter continues', 'In Europe. and it is right.', ['In Europe. and it is right.']],
  ['a row of dots is one end', 'Endangered.... We fight.', ['Endangered....', 'We fight.']],
  ['a text without an end is one sentence', 'The state of the Union', ['The state of the Union']],
  ['what has no letter is left out', '1946 - ......... $7. It is so.', ['It is so.']],
  ['nothing gives nothing', '  ', []],
]

it.each(cases)('%s', (_, text, sentences) => {
  expect(splitSentences(text)).toEqual(sentences)
})
