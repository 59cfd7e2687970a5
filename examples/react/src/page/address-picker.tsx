// The State of the Union: which addresses, and a job for each.
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
  const { catalogue, error: unread } = useCatalogue(client)
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

function useCatalogue({ trpc }: Client): { catalogue: readonly Address[]; error: Error | undefined } {
  const [catalogue, setCatalogue] = useState<readonly Address[]>([])
  const [error, setError] = useState<Error>()
  useEffect(() => {
    const leave = new AbortController()
    trpc.addresses.query(undefined, { signal: leave.signal }).then(setCatalogue, (thrown: Error) => {
      if (!leave.signal.aborted) setError(thrown)
    })
    return () => leave.abort()
  }, [trpc])
  return { catalogue, error }
}

const titleOf = ({ president, year }: Address): string => `${president}, ${year}`
