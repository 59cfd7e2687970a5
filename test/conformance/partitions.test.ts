// The contract of a store, asked of partitions together: what is said of one job, of one key, of one task holds.
import { EXCEPTIONS, OF_ALL, partitionsInMemory, together } from './partitioned.ts'
import { storeContract } from './store-contract.ts'

storeContract('three partitions in memory', partitionsInMemory(), { asked: OF_ALL, exceptions: EXCEPTIONS })
// A partition that has all jobs of a task knows its limit as it is.
storeContract('three partitions, of which one has all jobs of a task', partitionsInMemory(together), {
  asked: [
    'limitsContract',
    'orderedContract',
    'releaseContract',
    'ratesContract',
    'lanesContract',
    'pauseContract',
  ],
  exceptions: {
    'a limit of a queue is dealt out, and must be large enough for that': [
      'of a queue holds for its plain line and its lanes, of whatever task',
      'lets a job start only when all that concern it do',
      'counts what runs already when it is set',
      'gives the place of a job free that is tried again later, and of one that comes back',
      'leave their place in other limits free between their attempts',
      'keeps its place in every limit until its worker releases it',
      'of keys holds for each key apart, and of a queue for all of it',
    ],
    'tasks of different partitions have no order': [
      'leaves no trace when it is taken away: jobs of the task stand in the plain line again',
      'are of one task each, and the one without a key is one of them',
      'of a key lets the other keys pass, and those without one',
    ],
  },
})
