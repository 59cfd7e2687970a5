// Where a program is.
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** The full path of a program, or nothing when PATH has none of that name. */
export const onPath = (name) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find(isExecutable)

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
