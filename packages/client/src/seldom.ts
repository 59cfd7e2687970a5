/** What few pages need, in one piece: loaded when it is first asked for, so that the others do not pay for it. */
export { checkStorable } from '@lovage/core/storable'
export { consume } from './consume.ts'
export { seldomCalls } from './seldom-calls.ts'
