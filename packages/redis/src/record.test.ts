import { encode, type JobRecord } from '@lovage/core'
import { expect, test } from 'vitest'
import { decodeRecord, encodeRecord } from './record.ts'

const record = (parts: Partial<JobRecord>): JobRecord => ({
  id: 'a',
  task: 'resize',
  owner: null,
  input: { json: '{}' },
  options: {},
  ...parts,
})

test.each([
  record({}),
  record({ owner: 'ada', options: { attempts: 3, timeLimitMs: 250 } }),
  record({ owner: '', options: { attempts: 1 } }),
  record({ task: '"},0,{\\', owner: 'null,0,\n\\"' }),
  record({ input: encode({ text: '],\n\\n,0', deep: [[[]]] }) }),
  record({ input: encode({ at: new Date(0), tags: new Set(['a,\n']), n: 12n }) }),
  record({ input: encode(undefined) }),
])('%j comes back as it was, and its text is JSON', (before) => {
  const text = encodeRecord(before)
  expect(decodeRecord('a', text)).toEqual(before)
  expect((JSON.parse(text) as unknown[]).slice(0, 3)).toEqual([1, before.task, before.owner])
})

test('a later version is named, and anything else is not taken for a record', () => {
  expect(() => decodeRecord('a', '[7,"resize"]')).toThrow(
    expect.objectContaining({
      code: 'VERSION_UNSUPPORTED',
      details: { what: 'The record of job a', seen: 7, known: 1 },
    }),
  )
  for (const text of ['', 'null', '{}', '[1,2,3]', '[1,"resize"]']) {
    expect(() => decodeRecord('a', text)).toThrow('The record of job a was not written by Lovage.')
  }
})

test('records that begin alike up to a point are told apart', () => {
  const options = { attempts: 3 }
  const alike = [
    record({}),
    record({ owner: 'ada' }),
    record({ owner: 'ada', options }),
    record({ owner: 'ad' }),
    record({ task: 'resize2', input: { json: '{"width":90}' } }),
  ]
  for (const before of [...alike, ...alike.toReversed(), alike[2] as JobRecord])
    expect(decodeRecord('a', encodeRecord(before))).toEqual(before)
})
