/** Answers that are of no use when they come late. */

/** Whoever asks a probe waits for about a second by default, and an answer after that is none. */
export const ANSWER_MS = 800

/** @throws Error when the answer takes longer; what it is then is nobody's business. */
export async function inTime<Value>(answer: Promise<Value>, ms: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The store has not answered within ${ms} ms.`)), ms)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
