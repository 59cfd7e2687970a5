import { useState } from 'react'

/** A value for as long as its key is the same. Unlike `useMemo`, React may not drop it. */
export function useKeyed<Value>(key: readonly unknown[], make: () => Value): Value {
  const fresh = (): { key: readonly unknown[]; value: Value } => ({ key, value: make() })
  const [held, setHeld] = useState(fresh)
  if (key.every((part, at) => Object.is(part, held.key[at]))) return held.value
  const next = fresh()
  setHeld(next)
  return next.value
}
