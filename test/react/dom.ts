/**
 * A page: the browser's DOM, which is all that is played here. Network, websocket, timers and abort signals stay those
 * of the platform. Import it before React.
 */
import { Window } from 'happy-dom'

const window = new Window({ url: 'http://localhost/' })

/** What React, its testing library and the hooks look for. */
for (const name of [
  'document',
  'navigator',
  'localStorage',
  'HTMLElement',
  'HTMLIFrameElement',
  'Element',
  'Node',
] as const)
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true })
Object.defineProperty(globalThis, 'window', { value: window, configurable: true })
for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const)
  Object.defineProperty(globalThis, name, { value: window[name].bind(window), configurable: true })

/** What a page hears when another tab writes to the storage that they share. */
export const anotherTabWrote = (): void => void window.dispatchEvent(new window.Event('storage'))
// tRPC prefers the window's, which here would keep a page from asking any server but its own.
Object.defineProperty(window, 'fetch', { value: fetch })
