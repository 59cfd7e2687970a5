import { expect, test } from 'vitest'
import { Events } from './events.ts'

interface Told {
  'job.received': object
  'job.lost': object
  'worker.error': { error: unknown; during: string }
}

const job = { id: 'a', task: 'score', attempt: 1 }

test('each listener of a kind hears each event of it, until it is taken back', () => {
  const events = new Events<Told>('worker.error')
  const heard: unknown[] = []
  const off = events.on('job.received', (event) => heard.push(['one', event]))
  events.on('job.received', (event) => heard.push(['two', event]))
  events.on('job.lost', (event) => heard.push(['other', event]))
  events.emit('job.received', job)
  off()
  events.emit('job.received', job)
  expect(heard).toEqual([
    ['one', job],
    ['two', job],
    ['two', job],
  ])
})

test('a listener that throws is told of, and the others still hear', () => {
  const events = new Events<Told>('worker.error')
  const errors: Told['worker.error'][] = []
  const mistake = new Error('mine')
  const heard: unknown[] = []
  events.on('worker.error', (event) => errors.push(event))
  events.on('job.lost', () => {
    throw mistake
  })
  events.on('job.lost', (event) => heard.push(event))
  events.emit('job.lost', job)
  expect(errors).toEqual([{ error: mistake, during: 'a listener for job.lost' }])
  expect(heard).toEqual([job])
})

test('a listener for mistakes that makes one itself does no harm', () => {
  const events = new Events<Told>('worker.error')
  events.on('worker.error', () => {
    throw new Error('again')
  })
  expect(() => events.emit('worker.error', { error: 1, during: 'x' })).not.toThrow()
})

test('nobody hears what nobody listens to, before and after', () => {
  const events = new Events<Told>('worker.error')
  expect(events.hears('job.lost')).toBe(false)
  const off = events.on('job.lost', () => {})
  expect(events.hears('job.lost')).toBe(true)
  off()
  expect(events.hears('job.lost')).toBe(false)
})
