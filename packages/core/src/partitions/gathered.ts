/** The items of many sources as they come, each with the index of its source. */
export async function* gathered<Item>(
  sources: readonly AsyncGenerator<Item, void, undefined>[],
): AsyncGenerator<{ index: number; item: Item }, void, undefined> {
  const come: { index: number; item: Item }[] = []
  let open = sources.length
  let failed: { error: unknown } | undefined
  let wake = (): void => {}
  // Each promise is awaited once: a race would leave a trace of each round at those that are quiet.
  const pull = (index: number): void => {
    ;(sources[index] as AsyncGenerator<Item, void, undefined>).next().then(
      ({ done, value }) => {
        if (done === true) open -= 1
        else come.push({ index, item: value })
        wake()
      },
      (error: unknown) => {
        failed ??= { error }
        wake()
      },
    )
  }
  try {
    for (const index of sources.keys()) pull(index)
    while (open > 0 || come.length > 0) {
      for (let next = come.shift(); next !== undefined; next = come.shift()) {
        yield next
        pull(next.index)
      }
      if (failed !== undefined) throw failed.error
      if (open > 0 && come.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    // One that waits ends when its own signal does; whoever leaves the loop aborts that.
    for (const source of sources) void source.return().catch(() => {})
  }
}
