/** The users of docs/operations.md, as they are printed there. */
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
export const users = [...page.matchAll(/^user (lovage-\w+) (.*)$/gm)].map(([, name = '', rules = '']) => ({
  name,
  // A selector in brackets is one argument.
  rules: rules.match(/\([^)]*\)|\S+/g) ?? [],
}))

export type Role = 'api' | 'worker' | 'consumer' | 'operator'

/** The address of a server, or of several, as one of the users. */
export const urlAs = (role: Role, url: string): string =>
  url.replace('redis://', `redis://lovage-${role}:change-me@`)

export async function admit(root: Redis): Promise<void> {
  for (const { name, rules } of users) await root.call('ACL', 'SETUSER', name, ...rules)
}

/** What anybody was refused since `ACL LOG RESET`. */
export async function refusals(root: Redis): Promise<string[]> {
  const log = (await root.call('ACL', 'LOG')) as string[][]
  const of = (entry: string[], name: string) => entry[entry.indexOf(name) + 1]
  return log.map((entry) => `${of(entry, 'username')}: ${of(entry, 'reason')} ${of(entry, 'object')}`)
}
