/** The router of `serve`, for those who have none of their own: a jobs router named `jobs`, and who may call it. */
import type { IncomingMessage } from 'node:http'
import { LovageError, type Queue, systemClock, type TaskTree } from '@lovage/core'
import { initTRPC, type TRPCBuiltRouter, type TRPCDefaultErrorShape } from '@trpc/server'
import type { TRPCRequestInfo } from '@trpc/server/http'
import superjson from 'superjson'
import { answer } from './answer.ts'
import { formatter, toTRPCError } from './errors.ts'
import { expired } from './expiry.ts'
import { withoutSignal } from './flat.ts'
import { jobsRouter } from './jobs-router.ts'
import type { QuotaOptions } from './quotas.ts'
import { Revocation } from './revocation.ts'
import type { JobsRecord, WithLovage } from './procedures.ts'

/** Whose token it is, and for how long. */
export interface Caller {
  owner: string
  /** Unix ms: subscriptions end then. Default: they do not. */
  expiresAt?: number
  /** Whether it was taken away meanwhile; asked at each call, and by subscriptions every 5 s while notices come. */
  revoked?: () => boolean | Promise<boolean>
}

/**
 * Says whose token this is; `null`: nobody's, and the call fails with `UNAUTHORIZED`. The token comes from
 * `Authorization: Bearer`, on a websocket from the connection parameter `token`; `null` when there is none. Asked
 * once for each HTTP request and once for each socket, so say when the token runs out: `{ owner, expiresAt }`.
 */
export type Authenticate = (
  token: string | null,
  request: IncomingMessage,
) => string | Caller | null | Promise<string | Caller | null>

interface ServedContext {
  caller: () => Promise<Caller | null>
}

interface ServedRoot {
  ctx: ServedContext
  meta: object
  errorShape: TRPCDefaultErrorShape
  transformer: true
}

/** The type of the router that `serve({ queue })` serves: `RouterOf<typeof tasks>` is an `AppRouter` for clients. */
export type RouterOf<Tree> = TRPCBuiltRouter<
  ServedRoot,
  { jobs: JobsRecord<Tree, WithLovage<TRPCDefaultErrorShape>> }
>

const shapes = formatter(({ shape }) => shape)

export function servedRouter<Tree extends TaskTree>(
  queue: Queue<Tree>,
  isPublic: boolean,
  limits: { maxGroups?: number; quotas?: QuotaOptions },
): RouterOf<Tree> {
  // Never with stacks: who is asked by strangers is no developer's screen.
  const t = initTRPC.context<ServedContext>().create({
    transformer: superjson,
    isDev: false,
    errorFormatter: (options) => (shapes(options) ?? options.shape) as TRPCDefaultErrorShape,
  })
  const known = t.procedure.use(async ({ ctx, type, next }) => {
    const caller = await ctx.caller().catch((error: unknown) => Promise.reject(toTRPCError(error)))
    if (caller === null)
      throw toTRPCError(new LovageError('UNAUTHORIZED', { message: 'The token is missing or not valid.' }))
    const { owner, expiresAt, revoked } = caller
    if (expiresAt !== undefined && expiresAt <= systemClock.now()) throw toTRPCError(expired())
    if (revoked !== undefined && type !== 'subscription') await answer(() => new Revocation(revoked).check())
    return next({ ctx: { owner, expiresAt, revoked } })
  })
  withoutSignal(known._def.middlewares)
  const jobs = isPublic
    ? jobsRouter({ t, queue, procedure: t.procedure, owner: 'public', ...limits })
    : jobsRouter({
        t,
        queue,
        procedure: known,
        owner: ({ ctx }) => ctx.owner,
        expires: ({ ctx }) => ctx.expiresAt,
        revoked: ({ ctx }) => ctx.revoked?.() ?? false,
        ...limits,
      })
  return t.router({ jobs })
}

/**
 * The context never fails: a failed context would end the socket, and clients would come back for ever, where a
 * failed call tells each caller once.
 */
export function servedContext(authenticate: Authenticate | undefined) {
  if (authenticate === undefined) return (): ServedContext => ({ caller: nobody })
  return ({ req, info }: { req: IncomingMessage; info: TRPCRequestInfo }): ServedContext => ({
    caller: remembered(async () => {
      const said = await authenticate(tokenOf(req, info), req)
      return typeof said === 'string' ? { owner: said } : (said ?? null)
    }),
  })
}

function tokenOf({ headers }: IncomingMessage, { connectionParams }: TRPCRequestInfo): string | null {
  return connectionParams?.['token'] ?? /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null
}

const nobody = (): Promise<null> => Promise.resolve(null)

/**
 * Asks once, and again only after a failure: a socket must not suffer for ever from one bad moment. Once it knows, it
 * lets go of what it asked with: a request is two KiB for as long as its socket lives.
 */
function remembered<Value>(asking: (() => Promise<Value>) | undefined): () => Promise<Value> {
  let known: Promise<Value> | undefined
  return () => {
    known ??= (asking as () => Promise<Value>)().then(
      (value) => {
        asking = undefined
        return value
      },
      (error: unknown) => {
        known = undefined
        throw error
      },
    )
    return known
  }
}
