// What the players must agree on although they may be different processes.
import { fileURLToPath } from 'node:url'

/** Where what a run leaves behind is put; not under version control. */
export const cacheDirectory = fileURLToPath(new URL('../.cache/', import.meta.url))

export const modelPath = `${cacheDirectory}model.json`
export const workerLogPath = `${cacheDirectory}worker.log`

/** All keys of the demonstration begin with this, so that it cannot touch another queue on the same Redis. */
export const namespace = 'lovage-sentiment'

/** As many bars as move at the same time; a terminal of 24 lines has room for all of them. */
export const concurrency = 12
