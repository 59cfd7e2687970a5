// The State of the Union: which addresses, and a job for each.
import { useConnection } from '@lovage/client/react'
import { useEffect, useId, useState } from 'react'
import type { Client } from './client.ts'
import type { Enqueued } from './job-list.ts'
import { useBulk } from './use-bulk.ts'
import { counted } from './words.ts'

type Address = Awaited<ReturnType<Client['trpc']['addresses']['query']>>[number]

interface Props {
  client: Client
  onEnqueued: (jobs: readonly Enqueued[]) => void
}

export function AddressPicker({ client, onEnqueued }: Props) {
  const { catalogue, error: unread } = useCatalogue(client, useConnection(client.jobs) === 'connected')
  const [president, setPresident] = useState('')
  const [from, setFrom] = useState('1790')
  const [to, setTo] = useState('2021')
  const { enqueue, isPending, error = unread } = useBulk(client.jobs.scoreAddress)
  const id = useId()

  const presidents = [...new Set(catalogue.map((address) => address.president))]
  const isPicked = (address: Address): boolean =>
    president === ''
      ? address.year >= Number(from) && address.year <= Number(to)
      : address.president === president
  const picked = catalogue.filter(isPicked)

  async function score(): Promise<void> {
    const jobs = await enqueue(picked.map(({ address }) => ({ address })))
    onEnqueued(jobs.map((job, place) => ({ id: job.id, task: job.task, title: titleOf(picked[place]!) })))
  }

  return (
    <section className="card addresses" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>The State of the Union</h2>
      <div className="fields">
        <label className="wide">
          President
          <select value={president} onChange={(event) => setPresident(event.target.value)}>
            <option value="">All, by year</option>
            {presidents.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Year label="From" value={from} onChange={setFrom} isOff={president !== ''} />
        <Year label="To" value={to} onChange={setTo} isOff={president !== ''} />
      </div>
      <div className="actions">
        <button
          type="button"
          className="primary"
          disabled={picked.length === 0 || isPending}
          onClick={() => void score().catch(() => {})} // shown below
        >
          Score {counted(picked.length, 'address', 'addresses')}
        </button>
      </div>
      {error !== undefined && (
        <p className="trouble" role="alert">
          {error.message}
        </p>
      )}
    </section>
  )
}

interface YearProps {
  label: string
  value: string
  onChange: (value: string) => void
  isOff: boolean
}

function Year({ label, value, onChange, isOff }: YearProps) {
  return (
    <label>
      {label}
      <input
        type="number"
        inputMode="numeric"
        min={1790}
        max={2021}
        value={value}
        disabled={isOff}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  )
}

/** Asked for whenever there is a connection again, until it is there. */
function useCatalogue(
  { trpc }: Client,
  isConnected: boolean,
): { catalogue: readonly Address[]; error?: Error } {
  const [known, setKnown] = useState<{ catalogue: readonly Address[]; error?: Error }>({ catalogue: [] })
  const isMissing = known.catalogue.length === 0
  useEffect(() => {
    if (!isMissing || !isConnected) return
    const leave = new AbortController()
    trpc.addresses.query(undefined, { signal: leave.signal }).then(
      (catalogue) => setKnown({ catalogue }),
      (error: Error) => leave.signal.aborted || setKnown({ catalogue: [], error }),
    )
    return () => leave.abort()
  }, [trpc, isConnected, isMissing])
  return known
}

const titleOf = ({ president, year }: Address): string => `${president}, ${year}`
