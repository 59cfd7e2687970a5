/** Both ways that notices travel, for tests that hold whatever it is. */
import type { JobsClientOptions } from '@lovage/client'
import { sse } from '@lovage/client/sse'

export const transports: [name: 'ws' | 'sse', options: Pick<JobsClientOptions, 'transport'>][] = [
  ['ws', {}],
  ['sse', { transport: sse() }],
]
