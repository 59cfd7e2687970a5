/** How much work a contestant gets. */

/**
 * As many jobs as `jobs`, or as many as `seconds` are enough for, but never fewer than `least`: contestants differ by a
 * factor of a hundred, and with the same work for all the slowest would have nearly all of the time. A rate is what it
 * is after a second or two; it takes fewer jobs to see a slow one.
 */
export interface Budget {
  jobs: number
  seconds: number
  least: number
}

export const exactly = (jobs: number): Budget => {
  return { jobs, seconds: 3_600, least: jobs }
}

/** The part of it that comes first and is not counted. */
export const warmUp = ({ jobs, seconds, least }: Budget): Budget => {
  return { jobs: Math.floor(jobs / 5), seconds: seconds / 4, least: Math.floor(least / 5) }
}

/** Gives out jobs until a budget is used up. */
export class Purse {
  taken = 0
  readonly #budget: Budget
  readonly #until: number

  constructor(budget: Budget) {
    this.#budget = budget
    this.#until = performance.now() + budget.seconds * 1_000
  }

  /** How many there are of those that are wanted. */
  take(wanted = 1): number {
    const { jobs, least } = this.#budget
    if (this.taken >= least && performance.now() >= this.#until) return 0
    const given = Math.min(wanted, jobs - this.taken)
    this.taken += given
    return given
  }
}
