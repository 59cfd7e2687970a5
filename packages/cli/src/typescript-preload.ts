// For `--import` in the processes and threads that a worker starts for its handlers: there, too, TypeScript is loaded
// as it is, and `--watch` learns what is loaded. tsx's own preload does nothing in threads.
import { register as registerCjs } from 'tsx/cjs/api'
import { register } from 'tsx/esm/api'
import { importOptions } from './watched.ts'

registerCjs()
register(importOptions())
