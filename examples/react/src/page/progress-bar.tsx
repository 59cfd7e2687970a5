interface Props {
  done: number
  /** `undefined` until the job has begun. */
  total: number | undefined
  label: string
}

/** Moved by the style sheet from report to report, on the compositor: reports come a few times a second. */
export function ProgressBar({ done, total, label }: Props) {
  const share = total === undefined || total === 0 ? 0 : done / total
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
    >
      <span style={{ transform: `scaleX(${share})` }} />
    </div>
  )
}
