/** The two addresses of one server. */

export interface Urls {
  http: string
  socket: string
}

/**
 * @param url Such as `https://api.example.com/trpc`; in a browser also `/trpc`, which is at the page's own server.
 * @throws TypeError for a relative one where there is no page.
 */
export function urlsOf(url: string, socketUrl: string | undefined): Urls {
  const page = (globalThis as { location?: { href: string } }).location?.href
  if (!URL.canParse(url, page)) {
    throw new TypeError(`"${url}" is no url here: outside of a page it begins with http:// or https://.`)
  }
  const http = new URL(url, page)
  const socket = new URL(socketUrl ?? http, page)
  socket.protocol = socket.protocol.replace('http', 'ws')
  return { http: http.href, socket: socket.href }
}
