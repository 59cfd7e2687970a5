/** A private Redis server of this process. */
export interface PrivateRedis {
  url: string
  port: number
  pid: number
  stop(): Promise<void>
}

export function ensureRedisServer(): Promise<string>

export function startRedis(options?: {
  port?: number
  dir?: string
  args?: readonly string[]
  sentinel?: string
  server?: string
}): Promise<PrivateRedis>

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
export function freePort(): Promise<number>
