/** One part of a gateway's measurement in a process of its own: `program.js gateway lovage redis://… namespace`. */
import { caller, type CallerName, type Counts } from './callers.ts'
import { counter } from './counter.ts'
import { type Gateway, gateways } from './gateways.ts'
import { worker } from './worker.ts'

const [role, ...args] = process.argv.slice(2)
process.on('disconnect', () => process.exit())
switch (role) {
  case 'gateway':
    await gateways[args[0] as Gateway](args[1] as string, args[2] as string)
    break
  case 'counter':
    counter()
    break
  case 'caller':
    await caller(args[0] as CallerName, Number(args[1]), JSON.parse(args[2] as string) as Counts)
    break
  case 'worker':
    await worker(args[0] as string, args[1] as string)
    break
  default:
    throw new Error(`There is no part named ${role}.`)
}
