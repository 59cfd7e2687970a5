/**
 * Job ids are UUIDv7 (RFC 9562): made by the caller, so that an enqueue can be repeated safely, and sorted by the
 * time of enqueueing, which `enqueuedAtOf` reads back instead of storing it.
 *
 * Own code because it stands on the hot path: 0.11 µs an id against 1.7 µs of the `uuid` package.
 */

/** So many random bytes are fetched at a time: of 1,024 and of 16,384 the call took 4 and 11 µs. */
const POOL_BYTES = 8_192
const pool = /* @__PURE__ */ new Uint8Array(POOL_BYTES)
let used = POOL_BYTES
let lastMs = 0
/** 12 bits that count within one millisecond, so that the ids of one process sort in the order of making. */
let counter = 0
/** `lastMs` as an id begins with it: to write it takes as long as the whole rest. */
let stamp = ''

/** The codes of the two digits of each byte. */
const HIGH = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) => digitCode(byte >> 4))
const LOW = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) => digitCode(byte & 15))
const DASH = 45
const VERSION = 55 // `7`

const high = (byte: number): number => HIGH[byte] as number
const low = (byte: number): number => LOW[byte] as number
const random = (index: number): number => pool[index] as number

function digitCode(value: number): number {
  return value.toString(16).charCodeAt(0)
}

/** A new job id, later than every id made before it in this process. */
export function newJobId(nowMs: number = Date.now()): string {
  if (used + 10 > POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const at = used
  used += 10
  if (nowMs > lastMs) {
    tick(nowMs)
    counter = (pool[at] as number) << 2 // starts below a quarter, so a busy millisecond has room to count
  } else if (++counter > 0xfff) {
    tick(lastMs + 1)
    counter = 0
  }
  const id = stamp + rest(counter, at)
  // What is put together of texts keeps its parts until somebody looks into it. Ids live long.
  id.charCodeAt(0)
  return id
}

/** What follows the time, made in one call: digits that are put together one by one are a text at each step. */
function rest(count: number, at: number): string {
  return String.fromCharCode(
    low(count >> 8),
    high(count & 0xff),
    low(count & 0xff),
    DASH,
    high(0x80 | (random(at + 1) & 0x3f)),
    low(random(at + 1)),
    high(random(at + 2)),
    low(random(at + 2)),
    DASH,
    high(random(at + 3)),
    low(random(at + 3)),
    high(random(at + 4)),
    low(random(at + 4)),
    high(random(at + 5)),
    low(random(at + 5)),
    high(random(at + 6)),
    low(random(at + 6)),
    high(random(at + 7)),
    low(random(at + 7)),
    high(random(at + 8)),
    low(random(at + 8)),
  )
}

/** By bytes, three in a number: `toString(16)` of so large a one took longer than all else about an id. */
function tick(ms: number): void {
  lastMs = ms
  const upper = Math.floor(ms / 2 ** 24)
  const lower = ms - upper * 2 ** 24
  stamp = String.fromCharCode(
    high(upper >> 16),
    low(upper >> 16),
    high((upper >> 8) & 0xff),
    low((upper >> 8) & 0xff),
    high(upper & 0xff),
    low(upper & 0xff),
    high(lower >> 16),
    low(lower >> 16),
    DASH,
    high((lower >> 8) & 0xff),
    low((lower >> 8) & 0xff),
    high(lower & 0xff),
    low(lower & 0xff),
    DASH,
    VERSION,
  )
}

/** When the job of this id was enqueued, in Unix ms by the caller's clock; `null` when it is no UUIDv7. */
export function enqueuedAtOf(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
