// Player one: what a browser or another service would run. Of the server it knows the address and a type.
import { createJobsClient } from '@lovage/client'
import type { AppRouter } from './server.ts'

export const connect = (url: string, token: string) => createJobsClient<AppRouter>({ url, auth: () => token })
