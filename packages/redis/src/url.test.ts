import { expect, test } from 'vitest'
import { addressOf } from './address.ts'
import { parseUrl, parseUrls } from './url.ts'

const local = (port: number, host = 'localhost') => ({ host, port })

test.for([
  ['redis://', { kind: 'server', nodes: [local(6379)], isTls: false, db: 0 }],
  ['redis://cache:6400/2', { kind: 'server', nodes: [local(6400, 'cache')], db: 2 }],
  ['rediss://:p%40ss@cache', { isTls: true, password: 'p@ss', nodes: [local(6379, 'cache')] }],
  ['redis://ada:a:b@cache', { username: 'ada', password: 'a:b' }],
  ['redis://[::1]:6400', { nodes: [local(6400, '::1')] }],
  ['redis://a:1,b:2,c', { kind: 'cluster', nodes: [local(1, 'a'), local(2, 'b'), local(6379, 'c')] }],
  [
    'rediss+sentinel://ada:x@s1,s2:7/main/3',
    { kind: 'sentinel', isTls: true, nodes: [local(26_379, 's1'), local(7, 's2')], primary: 'main', db: 3 },
  ],
  ['redis://cache/?family=6', { nodes: [local(6379, 'cache')], db: 0 }],
] as const)('%s is read', ([url, parts]) => {
  expect(parseUrl(url)).toMatchObject(parts)
})

test('a list of addresses is one cluster, or the sentinels of one primary', () => {
  expect(parseUrls(['redis://u:p@a:1', 'redis://b:2'])).toMatchObject({
    kind: 'cluster',
    nodes: [local(1, 'a'), local(2, 'b')],
    username: 'u',
    password: 'p',
  })
  expect(parseUrls(['redis+sentinel://a/main', 'redis+sentinel://b/main'])).toMatchObject({
    kind: 'sentinel',
    nodes: [local(26_379, 'a'), local(26_379, 'b')],
    primary: 'main',
  })
  expect(parseUrls(['redis://a:1/2'])).toMatchObject({ kind: 'server', db: 2 })
})

test.for([
  ['', 'no URL'],
  ['localhost:6379', 'no URL'],
  ['http://:secret@cache', 'a URL that starts with http:'],
  ['redis://:secret@cache:99999', 'a host that cannot be read'],
  ['redis://:secret@ca che', 'a host that cannot be read'],
  ['redis://:secret%@cache', 'a % that begins no percent-encoding'],
  ['redis://cache/main', 'a database that is no number'],
  ['redis://a,b/2', 'several nodes and a database: a cluster has only one'],
  ['redis+sentinel://a,b', 'sentinels without the name of their primary'],
] as const)('%j is refused, and not repeated', ([url, seen]) => {
  expect(() => parseUrl(url)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ seen }) }),
  )
  expect(() => parseUrl(url)).not.toThrow(/secret/)
})

test('a list is refused when it is empty or mixes kinds', () => {
  for (const list of [[], ['redis://a', 'rediss://b'], ['redis://a', 'redis+sentinel://b/main']])
    expect(() => parseUrls(list)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

test('messages name the place and no password', () => {
  expect(addressOf({ url: 'redis://u:secret@a:1,[::1]' }).name).toBe('Redis Cluster at a:1,[::1]:6379')
  expect(addressOf({ url: 'redis+sentinel://u:secret@a/main/2' }).name).toBe(
    'Redis "main" behind the sentinels at a:26379/2',
  )
})
