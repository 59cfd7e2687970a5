// What a server promises over real sockets, once more with the jobs on Redis instead of in memory.
import { vi } from 'vitest'

vi.hoisted(() => {
  process.env['LOVAGE_TEST_STORE'] = 'redis'
})

import './bad-input.test.ts'
import './consume.test.ts'
import './owners.test.ts'
import './own-jobs.test.ts'
import './procedures.test.ts'
import './revoked.test.ts'
import './slow-clients.test.ts'
import './subscriptions.test.ts'
