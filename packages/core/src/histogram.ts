/**
 * Durations in ms, counted in buckets whose width grows with them, so that a percentile is right to within 3 % (half
 * the width of its bucket) whatever the durations are, and histograms of many processes are merged by adding.
 *
 * Up to 32 ms each ms has its own bucket. Above, each doubling is cut into 16: bucket 32 holds 32 and 33, bucket 463
 * all that is 2^31 (25 days) or more. Finding a bucket takes one instruction and a shift, and counting allocates
 * nothing: it happens once for every job. (hdr-histogram-js and sketches-js merge as well, but bring WebAssembly and
 * zlib, or protocol buffers, into a package that also runs in browsers, and write what nobody reads on Redis.)
 */

const EXACT = 32
const PER_DOUBLING = 16
/** `bucketOf(32)` counts doublings from here. */
const FIRST_DOUBLING = 5
const BUCKETS = EXACT + (32 - FIRST_DOUBLING) * PER_DOUBLING

/** As it travels: only buckets with something in them. */
export interface HistogramData {
  /** Of all durations, in ms. */
  sum: number
  max: number
  /** Bucket, count, bucket, count, … */
  buckets: number[]
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #sum = 0
  #max = 0

  /** @param ms From 0; fractions are cut off. */
  record(ms: number): void {
    this.#counts[bucketOf(ms)]! += 1
    this.#sum += ms
    if (ms > this.#max) this.#max = ms
  }

  /** Takes in what another one counted. Buckets that this version does not have are the last one's. */
  add({ sum, max, buckets }: HistogramData): void {
    this.#sum += sum
    this.#max = Math.max(this.#max, max)
    for (let at = 0; at + 1 < buckets.length; at += 2) {
      this.#counts[Math.min(buckets[at] as number, BUCKETS - 1)]! += buckets[at + 1] as number
    }
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  get sum(): number {
    return this.#sum
  }

  get max(): number {
    return this.#max
  }

  /** The duration below which this share lies: the middle of its bucket, and never more than the longest. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count))
    let passed = 0
    for (const [bucket, count] of this.#counts.entries()) {
      passed += count
      if (passed >= rank) return Math.min(middleOf(bucket), this.#max)
    }
    return this.#max
  }

  toJSON(): HistogramData {
    const buckets: number[] = []
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) buckets.push(bucket, count)
    return { sum: this.#sum, max: this.#max, buckets }
  }
}

function bucketOf(ms: number): number {
  const whole = ms < 0 ? 0 : ms > 0xffff_ffff ? 0xffff_ffff : ms >>> 0
  if (whole < EXACT) return whole
  const doubling = 31 - Math.clz32(whole)
  return (doubling - FIRST_DOUBLING) * PER_DOUBLING + (whole >>> (doubling - 4)) + PER_DOUBLING
}

function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket
  const doubling = Math.floor((bucket - EXACT) / PER_DOUBLING) + FIRST_DOUBLING
  const width = 2 ** (doubling - 4)
  const start = (((bucket - EXACT) % PER_DOUBLING) + PER_DOUBLING) * width
  return start + (width - 1) / 2
}
