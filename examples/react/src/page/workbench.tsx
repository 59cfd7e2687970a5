// The page of a signed-in user: what to score at the left, what has come of it at the right.
import { useConnection } from '@lovage/client/react'
import { type ReactNode, useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { AddressPicker } from './address-picker.tsx'
import { Announcer } from './announcer.tsx'
import { MoodChart } from './mood-chart.tsx'
import { createClient } from './client.ts'
import { ConnectionStatus } from './connection-status.tsx'
import type { JobView } from './job.ts'
import { JobList } from './job-list.ts'
import { JobSections } from './job-sections.tsx'
import { TextForm } from './text-form.tsx'

interface Props {
  user: string
  masthead: (status: ReactNode) => ReactNode
}

export function Workbench({ user, masthead }: Props) {
  const [client] = useState(() => createClient(user))
  const [list] = useState(() => new JobList(client, user))
  useEffect(() => {
    const leave = new AbortController()
    void list.follow(leave.signal)
    return () => leave.abort()
  }, [list])
  const { jobs, caughtUp, missed, error } = useSyncExternalStore(list.subscribe, list.get)
  const connection = useConnection(client.jobs)
  const retry = useCallback(
    async (job: JobView) => {
      const { id } = await client.jobs.failed.retry(job.id)
      list.replace(job, id)
    },
    [client, list],
  )

  return (
    <>
      {masthead(<ConnectionStatus state={connection} caughtUp={caughtUp} missed={missed} />)}
      <main className="workbench">
        {error !== undefined && (
          <p className="trouble" role="alert">
            {error.message}{' '}
            <button type="button" onClick={() => location.reload()}>
              Load again
            </button>
          </p>
        )}
        <div className="inputs">
          <TextForm task={client.jobs.scoreTexts} onEnqueued={(added) => list.add(added)} />
          <AddressPicker client={client} onEnqueued={(added) => list.add(added)} />
        </div>
        <div className="outputs">
          <MoodChart jobs={jobs} />
          <JobSections jobs={jobs} client={client} onClear={() => list.clearEnded()} onRetry={retry} />
        </div>
      </main>
      <Announcer jobs={jobs} isCaughtUp={caughtUp !== undefined} />
    </>
  )
}
