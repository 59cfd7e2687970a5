// What a screen reader is told: how jobs ended, together where many end at once.
import { useEffect, useRef, useState } from 'react'
import { isLive, type JobView } from './job.ts'
import { counted } from './words.ts'

/** Speech is slower than jobs. */
const pauseMs = 1_500

interface Props {
  jobs: readonly JobView[]
  /** What was before is history, and no news. */
  isCaughtUp: boolean
}

export function Announcer({ jobs, isCaughtUp }: Props) {
  const [sentence, setSentence] = useState('')
  /** `undefined` until it has caught up for the first time. */
  const known = useRef<ReadonlySet<string>>(undefined)
  const news = useRef<JobView[]>([])
  const left = useRef(0)
  const timer = useRef<number>(undefined)

  useEffect(() => {
    if (known.current === undefined && !isCaughtUp) return
    const ended = jobs.filter((job) => !isLive(job))
    // Not "those that were live": a short job begins and ends between two frames.
    if (known.current !== undefined) news.current.push(...ended.filter(({ id }) => !known.current?.has(id)))
    known.current = new Set(ended.map(({ id }) => id))
    left.current = jobs.length - ended.length
    if (news.current.length === 0) return
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined
      setSentence(sentenceOf(news.current.splice(0), left.current))
    }, pauseMs)
  }, [jobs, isCaughtUp])

  return (
    <p className="unseen" role="status" aria-label="Jobs that ended">
      {sentence}
    </p>
  )
}

function sentenceOf(ended: readonly JobView[], left: number): string {
  const rest = left === 0 ? 'None is left.' : `${counted(left, 'job')} left.`
  const [first] = ended
  if (ended.length === 1 && first !== undefined) return `${first.title ?? 'A job'}: ${first.state}. ${rest}`
  const failed = ended.filter(({ state }) => state === 'failed').length
  return `${counted(ended.length, 'job')} ended, ${failed === 0 ? 'none' : failed} failed. ${rest}`
}
