/** Values as they come from a store: readable, unless they were encrypted with a key that is not here. */
import { decode, type Encoded } from './codec.ts'
import { LovageError } from './errors.ts'

/** What the annotation of an encrypted value is called, in the manner of superjson's own. */
export const SEALED = 'lovage.sealed'

/** @throws LovageError `SEALED` */
export function decodeStored(encoded: Encoded): unknown {
  if (encoded.meta?.includes(SEALED) === true) throw new LovageError('SEALED', {})
  return decode(encoded)
}
