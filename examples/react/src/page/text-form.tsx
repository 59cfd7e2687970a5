// Texts of the user's own, one a line: typed, pasted, or dropped as a file.
import type { JobsClient } from '@lovage/client'
import { useEnqueue } from '@lovage/client/react'
import { type DragEvent, type FormEvent, useId, useRef, useState } from 'react'
import type { AppRouter } from '../server/router.ts'
import type { Enqueued } from './job-list.ts'
import { useBulk } from './use-bulk.ts'
import { counted } from './words.ts'

interface Props {
  task: JobsClient<AppRouter>['jobs']['scoreTexts']
  onEnqueued: (jobs: readonly Enqueued[]) => void
}

const example = 'What a wonderful day for our nation.\nThe crisis has brought misery and ruin.'
const longestTitle = 60

export function TextForm({ task, onEnqueued }: Props) {
  const [text, setText] = useState('')
  const [isEach, setIsEach] = useState(false)
  const [isOver, setIsOver] = useState(false)
  const one = useEnqueue(task)
  const many = useBulk(task)
  const field = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const file = useRef<HTMLInputElement>(null)
  const texts = linesOf(text)
  const isPending = one.isPending || many.isPending
  const error = one.error ?? many.error

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const inputs = isEach ? texts.map((line) => inputOf([line])) : [inputOf(texts)]
    const jobs = isEach ? await many.enqueue(inputs) : [await one.enqueue(inputs[0]!)]
    onEnqueued(jobs.map(({ id, task: name }, place) => ({ id, task: name, title: inputs[place]!.title })))
    setText('')
    area.current?.focus() // the button goes off until there is more
  }

  async function read(from: FileList | null): Promise<void> {
    const contents = await Promise.all([...(from ?? [])].map((each) => each.text()))
    setText((before) => [before.trimEnd(), ...contents].filter(Boolean).join('\n'))
  }

  function drop(event: DragEvent): void {
    event.preventDefault()
    setIsOver(false)
    void read(event.dataTransfer.files)
  }

  return (
    <form
      className={isOver ? 'card texts over' : 'card texts'}
      aria-labelledby={`${field}-title`}
      onSubmit={(event) => void submit(event).catch(() => {})} // shown below
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <h2 id={`${field}-title`}>Your own texts</h2>
      <label htmlFor={field}>One text a line; or drop a file here</label>
      <textarea
        id={field}
        ref={area}
        rows={6}
        value={text}
        placeholder={example}
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
      />
      <label className="check">
        <input type="checkbox" checked={isEach} onChange={(event) => setIsEach(event.target.checked)} />
        Each text as a job of its own
      </label>
      <div className="actions">
        <button type="submit" className="primary" disabled={texts.length === 0 || isPending}>
          {texts.length === 0 ? 'Score' : `Score ${counted(texts.length, 'text')}`}
        </button>
        <button type="button" className="quiet" onClick={() => file.current?.click()}>
          Choose a file
        </button>
        <input
          ref={file}
          type="file"
          accept="text/*"
          hidden
          multiple
          onChange={(event) => void read(event.target.files)}
        />
      </div>
      {error !== undefined && (
        <p className="trouble" role="alert">
          {error.message}
        </p>
      )}
      <p className="hint">
        A text with <code>[fail]</code> in it makes its job fail.
      </p>
    </form>
  )
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Named by its first text. */
function inputOf(texts: readonly string[]): { title: string; texts: string[] } {
  const [first = ''] = texts
  return {
    title: first.length > longestTitle ? `${first.slice(0, longestTitle)}…` : first,
    texts: [...texts],
  }
}
