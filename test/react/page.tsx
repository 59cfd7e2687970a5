/** Rendering as the tests want it: in StrictMode, with patience, and taken down before the server is. */
import './dom.ts'
import { cleanup, configure, renderHook, type RenderHookResult } from '@testing-library/react'
import { afterEach, beforeEach } from 'vitest'

// Long enough for a slow machine; what is waited for comes at once.
configure({ reactStrictMode: true, asyncUtilTimeout: 20_000 })

beforeEach(() => localStorage.clear())
afterEach(cleanup)

export interface Recorded<Value, Props> extends RenderHookResult<Value, Props> {
  /** All that was rendered, without repeats. */
  seen: Value[]
}

/** A hook in a component of its own, and what it returned over time. */
export function recordHook<Value, Props = undefined>(
  hook: (props: Props) => Value,
  initialProps?: Props,
): Recorded<Value, Props> {
  const seen: Value[] = []
  const rendered = renderHook(
    (props: Props) => {
      const value = hook(props)
      if (value !== seen.at(-1)) seen.push(value)
      return value
    },
    { initialProps: initialProps as Props },
  )
  return { ...rendered, seen }
}
