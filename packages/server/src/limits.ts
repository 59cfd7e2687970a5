/** What `serve` allows, and why just that much. */

/** One input of 1 MiB, which is what a queue takes by default, and what stands around it. */
export const MAX_PAYLOAD_BYTES = 1_048_576 + 65_536

/** An upload that is too large is read to its end and thrown away, so that its sender reads our answer instead of a
 * broken pipe; but only so much of it. */
export const MAX_DISCARDED_BYTES = 16 * 1_048_576

/** Sockets of a process that has the memory for a few hundred MiB of them; the usual limits of open files are higher. */
export const MAX_CONNECTIONS = 10_000

/** Calls in one batch. Their paths stand in the URL, which Node limits to about as many. */
export const MAX_BATCH = 500

/** Bytes that may wait for a client, whatever asked for them; beyond, his connection is cut, and he resumes at his cursor. */
export const MAX_BUFFERED_BYTES = 4 * 1_048_576

/** Bytes that wait for a client until his subscriptions take nothing more from the feed: more than a page needs at once. */
export const ROOM_BYTES = 524_288
/** A client who has read nothing for so long is frozen or gone. Shorter than a phone's passage through a tunnel helps nobody. */
export const PATIENCE_MS = 30_000

/** Proxies close what was silent for 30 or 60 s. */
export const PING_MS = 15_000
/** A peer who has not answered by then is gone. */
export const PONG_WAIT_MS = 5_000

/** Slower headers are an attack by slowness; a body may take longer, since an upload on a train is no attack. */
export const HEADERS_TIMEOUT_MS = 10_000
export const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the 60 s of common load balancers, so that it is they who close an idle connection. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000

/** How long clients that were asked to reconnect may take before their sockets are closed. */
export const CLOSE_GRACE_MS = 1_000
/** How long the other side may take to confirm the end of a socket. */
export const CLOSE_WAIT_MS = 1_000
/** How often connections are looked at that end once their calls are answered. */
export const CLOSE_LOOK_MS = 50
