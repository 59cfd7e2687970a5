import { ThemeToggle } from './theme-toggle.tsx'

const users = [
  { name: 'ada', title: 'Ada' },
  { name: 'grace', title: 'Grace' },
]

/** Of this tab: two tabs may be two people. */
const key = 'lovage-react:user'

export function readUser(): string | null {
  return sessionStorage.getItem(key)
}

export function writeUser(user: string | null): void {
  if (user === null) sessionStorage.removeItem(key)
  else sessionStorage.setItem(key, user)
}

export function SignIn({ onSignIn }: { onSignIn: (user: string) => void }) {
  return (
    <main className="sign-in">
      <div className="corner">
        <ThemeToggle />
      </div>
      <h1>Two centuries of mood</h1>
      <p className="lead">
        Speeches and texts of your own, scored sentence by sentence. Each is a job; each tells by itself how
        far it is.
      </p>
      <h2 id="who">Who are you?</h2>
      <div className="people" role="group" aria-labelledby="who">
        {users.map(({ name, title }) => (
          <button key={name} type="button" className="person" onClick={() => onSignIn(name)}>
            <span className="avatar" aria-hidden="true">
              {title[0]}
            </span>
            Sign in as {title}
          </button>
        ))}
      </div>
      <p className="hint">Neither sees the jobs of the other. Try it in two tabs.</p>
    </main>
  )
}
