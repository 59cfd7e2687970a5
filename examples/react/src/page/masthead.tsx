import type { ReactNode } from 'react'
import { ThemeToggle } from './theme-toggle.tsx'

interface Props {
  user: string
  onSignOut: () => void
  status: ReactNode
}

export function Masthead({ user, onSignOut, status }: Props) {
  return (
    <header className="masthead">
      <h1>Two centuries of mood</h1>
      {status}
      <div className="account">
        <span className="avatar small" aria-hidden="true">
          {user[0]?.toUpperCase()}
        </span>
        <span className="name">{user}</span>
        <button type="button" className="quiet" onClick={onSignOut}>
          Sign out
        </button>
        <ThemeToggle />
      </div>
    </header>
  )
}
