/**
 * Lua for the scripts that must go on when the server is full (`maxmemory`, noeviction): those that bring work to its
 * end, which is what makes room, and those without which workers lose it meanwhile.
 *
 * A full server refuses the first command of a script that takes memory, unless the script has written before: one
 * that was begun is let through to its end. So they begin with a write that takes nothing and changes nothing. Scripts
 * that bring new work do without it, and are refused before they have done anything.
 */
import { lua } from '../script.ts'

/** Takes the key `active`. */
export const evenWhenFull = lua`
  redis.call('HDEL', active, '')
`

/** The same for scripts of groups. Takes the key `groups`. */
export const groupEvenWhenFull = lua`
  redis.call('ZREM', groups, '')
`
