/** For applications that make their client at run time, one for each user for instance. */
import type { AnyTRPCRouter } from '@trpc/server'
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import type { JobsClient } from '../jobs-client.ts'

/**
 * A provider and its hook, typed by the router. Hooks take tasks from wherever they come; who makes the client once,
 * in a module, needs no context.
 *
 * @example
 * export const { JobsProvider, useJobsClient } = createJobsContext<AppRouter>()
 * const { jobs } = useJobsClient()
 */
export function createJobsContext<Router extends AnyTRPCRouter>(): {
  JobsProvider: (props: { client: JobsClient<Router>; children?: ReactNode }) => ReactElement
  useJobsClient: () => JobsClient<Router>
} {
  const Context = createContext<JobsClient<Router> | null>(null)
  return {
    JobsProvider: ({ client, children }) => createElement(Context.Provider, { value: client }, children),
    useJobsClient: () => {
      const client = useContext(Context)
      if (client === null) throw new TypeError('There is no <JobsProvider> around this component.')
      return client
    },
  }
}
