/** Most texts and answers are shorter than that, and of the same few sizes. */
const KEPT_BELOW = 1_024

/** What is made for a size, and kept where that is a small one. */
export function bySize<Made>(make: (size: number) => Made): (size: number) => Made {
  // Of that length from the start: what V8 sees being filled with gaps it makes a hash table.
  const kept = Array.from<Made | undefined>({ length: KEPT_BELOW })
  return (size) => (size < KEPT_BELOW ? (kept[size] ??= make(size)) : make(size))
}
