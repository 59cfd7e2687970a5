/** What few pages need, in one piece: loaded when it is first asked for, so that the others do not pay for it. */
export { checkStorable } from '@lovage/core/storable'
export { enqueueGroups } from './bulk.ts'
export { consume } from './consume.ts'
