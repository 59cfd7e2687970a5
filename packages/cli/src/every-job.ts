import { type Engine, type Job, listJobs, type ListOptions } from '@lovage/core'

const PAGE = 500

/** The jobs of all pages. Do nothing to them before the last has come: that would move the places of the rest. */
export async function* everyJob(
  engine: Engine,
  filter: Omit<ListOptions, 'limit' | 'after'>,
): AsyncGenerator<Job> {
  let after: string | undefined
  do {
    const { jobs, next } = await listJobs(engine, {
      ...filter,
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    yield* jobs
    after = next ?? undefined
  } while (after !== undefined)
}
