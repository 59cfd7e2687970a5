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
}): Promise<PrivateRedis>
