/** Lua that several scripts share: what a session is told, which ends its pop. */
import { CTL_MS } from '../keys.ts'
import { lua } from '../script.ts'

/** Whoever calls it has seen that the session is alive: of one that is no more nothing may be left. Takes the argument `prefix`. */
export const tell = (message: string) => lua`
  local key = prefix .. 'ctl:' .. session
  redis.call('RPUSH', key, ${message})
  redis.call('PEXPIRE', key, ${CTL_MS})
`
