// What clients are promised over real sockets, once more with the jobs on Redis instead of in memory.
import { vi } from 'vitest'

vi.hoisted(() => {
  process.env['LOVAGE_TEST_STORE'] = 'redis'
})

import './auth.test.ts'
import './calls.test.ts'
import './event-streams.test.ts'
import './moves.test.ts'
import './reconnect.test.ts'
import './said.test.ts'
import './socket-calls.test.ts'
import './storms.test.ts'
