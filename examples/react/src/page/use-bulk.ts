// Many jobs with one call.
import { useState } from 'react'

export function useBulk<Input, Handle extends { id: string }>(task: {
  enqueueMany(inputs: readonly Input[]): Promise<Handle[]>
}) {
  const [isPending, setIsPending] = useState(false)
  const [error, setError] = useState<Error>()

  async function enqueue(inputs: readonly Input[]): Promise<Handle[]> {
    setIsPending(true)
    setError(undefined)
    try {
      return await task.enqueueMany(inputs)
    } catch (thrown) {
      setError(thrown as Error)
      throw thrown
    } finally {
      setIsPending(false)
    }
  }

  return { enqueue, isPending, error }
}
