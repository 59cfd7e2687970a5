/** Everything that is asked, in the order of the page. */
import type { Question } from './kit/question.ts'
import { question as endToEnd } from './end-to-end.ts'
import { question as enqueue } from './enqueue.ts'
import { question as latency } from './latency.ts'
import { question as process } from './process.ts'

export const questions: readonly Question[] = [enqueue, process, endToEnd, latency]
