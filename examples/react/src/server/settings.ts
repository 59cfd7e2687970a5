// What the environment may say.

/** Without one, everything lives in the memory of one process. */
export const redis = process.env['REDIS_URL']

/** All keys on a Redis begin with this. */
export const namespace = process.env['NAMESPACE'] ?? 'lovage-react'

export const apiPort = Number(process.env['API_PORT'] ?? 8787)

/** Signs tokens; the same after a restart, so that nobody has to sign in again. */
export const secret = process.env['TOKEN_SECRET'] ?? 'known to everybody who reads this'

/** How long a token is good. Pages get another one before that. */
export const tokenMs = Number(process.env['TOKEN_MS'] ?? 900_000)

/** Spent on each sentence. With 3 ms all 233 addresses take 15 s, about what a small language model needs. */
export const paceMs = Number(process.env['PACE_MS'] ?? 3)

/** Handlers wait more than they compute, so one process has room for many. */
export const concurrency = 16
