/** What a shell is told when the program ends. `docs/cli.md` has the same list for its readers. */

export const EXIT = {
  ok: 0,
  /** The job failed, was cancelled, expired, or could not be cancelled any more; `doctor` found a problem. */
  failed: 1,
  /** What was typed cannot be: an option, JSON, an input that the schema refuses, a module. Nothing was done. */
  usage: 2,
  /** Redis cannot be reached, lets us not in, or is too old. */
  unreachable: 3,
  /** No such job, or one whose result is no longer kept. */
  notFound: 4,
  /** It has not ended yet, or not in time. */
  notYet: 5,
  /** A mistake in the program itself. */
  broken: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
