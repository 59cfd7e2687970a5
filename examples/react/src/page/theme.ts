// Light or dark: what the system says, until somebody says otherwise.
import { useSyncExternalStore } from 'react'

export type Theme = 'light' | 'dark'

const key = 'lovage-react:theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

function current(): Theme {
  const chosen = localStorage.getItem(key)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return system.matches ? 'dark' : 'light'
}

function apply(): void {
  document.documentElement.dataset['theme'] = current()
  for (const listener of listeners) listener()
}

apply()
system.addEventListener('change', apply)

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(key, theme)
  apply()
}

export const useTheme = (): Theme =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, current)
