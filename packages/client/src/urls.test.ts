import { afterEach, expect, test, vi } from 'vitest'
import { urlsOf } from './urls.ts'

afterEach(() => void vi.unstubAllGlobals())

test('the socket is where the calls go, unless another place is given', () => {
  expect(urlsOf('https://api.example.com/trpc', undefined)).toEqual({
    http: 'https://api.example.com/trpc',
    socket: 'wss://api.example.com/trpc',
  })
  expect(urlsOf('http://localhost:3000/trpc', undefined).socket).toBe('ws://localhost:3000/trpc')
  expect(urlsOf('http://a.example/trpc', 'wss://b.example/ws').socket).toBe('wss://b.example/ws')
  expect(urlsOf('http://a.example/trpc', 'https://b.example/ws').socket).toBe('wss://b.example/ws')
})

test('a relative address is at the server of the page, and where there is no page it is none', () => {
  expect(() => urlsOf('/trpc', undefined)).toThrow(
    '"/trpc" is no url here: outside of a page it begins with http:// or https://.',
  )
  vi.stubGlobal('location', { href: 'https://app.example.com/some/page?x=1#y' })
  expect(urlsOf('/trpc', undefined)).toEqual({
    http: 'https://app.example.com/trpc',
    socket: 'wss://app.example.com/trpc',
  })
  expect(urlsOf('/trpc', '/sockets').socket).toBe('wss://app.example.com/sockets')
  expect(() => urlsOf('http://', undefined)).toThrow('"http://" is no url here')
})
