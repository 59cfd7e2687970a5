/** Follows the whole feed, or what its owner may see of it, from the cursor at which its last life ended. */
import { setTimeout as pause } from 'node:timers/promises'
import { doorOf, type Way } from './door.ts'
import { heardOf } from './heard.ts'
import { enter, ready, wrong } from './player.ts'

const player = enter()
const { casting, scribe, leave } = player
const { way, owner, line, from } = casting.more as { way: Way; owner: string; line: string; from?: string }
const door = doorOf(way, player, owner)

let cursor = from
if (cursor === undefined)
  scribe.write('follows', { line, of: 'feed', after: 0, owner: way === 'beside' ? null : owner })
ready()
while (!leave.aborted) {
  try {
    for await (const notice of door.jobs.notices({ from: cursor ?? 'start', signal: leave })) {
      // The place itself, for the next life, and what is checked: one line, so that there is no moment between them.
      scribe.write('heard', { line, ...heardOf(notice), cursor: notice.cursor })
      cursor = notice.cursor
    }
  } catch (error) {
    scribe.write('refused', { call: 'notices', id: '', ...wrong(error) })
    await pause(200)
  }
}
await door.close()
process.exit(0)
