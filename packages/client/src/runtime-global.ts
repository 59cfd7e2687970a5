/** Browsers, workers, Deno and the like have one. Looked up when it is needed: a page may be rendered without it. */
export const WebSocket: typeof globalThis.WebSocket | undefined = globalThis.WebSocket

/** A page stays anyway. */
export const staying = <T>(call: () => Promise<T>): Promise<T> => call()
