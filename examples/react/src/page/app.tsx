import { useEffect, useState } from 'react'
import { Masthead } from './masthead.tsx'
import { readUser, SignIn, writeUser } from './sign-in.tsx'
import { Workbench } from './workbench.tsx'

export function App() {
  const [user, setUser] = useState(readUser)
  useEffect(() => writeUser(user), [user])
  if (user === null) return <SignIn onSignIn={setUser} />
  // The key: what one user sees is thrown away with him.
  return (
    <Workbench
      key={user}
      user={user}
      masthead={(status) => <Masthead user={user} onSignOut={() => setUser(null)} status={status} />}
    />
  )
}
