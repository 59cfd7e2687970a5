/** What a server said went wrong, as tRPC's client throws it: that one's own class would bring the whole client along. */
export class ServerError extends Error {
  override readonly name = 'TRPCClientError'
  /** tRPC's error on the wire: `{ message, code, data }`, or whatever stood in its place. */
  readonly shape: unknown
  readonly data: unknown

  constructor(shape: unknown) {
    const { message, data } = (shape ?? {}) as { message?: string; data?: unknown }
    super(message)
    this.shape = shape
    this.data = data
  }
}
