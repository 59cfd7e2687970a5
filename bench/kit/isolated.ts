/** The handlers of `isolated-tasks.ts`. */
import { defineHandlers } from '@lovage/worker/handlers'
import { isolatedTasks } from './isolated-tasks.ts'

const branch = {
  nothing: () => ({ ok: true }),
  heed: (_input: undefined, { signal }: { signal: AbortSignal }) =>
    new Promise<void>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new Error('aborted'))),
    ),
  spin() {
    for (;;);
  },
}

export const handlers = defineHandlers(isolatedTasks, { inline: branch, thread: branch, process: branch })
