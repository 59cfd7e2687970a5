#!/usr/bin/env node
import module from 'node:module'

// Node 22 keeps compiled code on disk; older ones compile at every start.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
// By now all is said and closed. What a user's module left open must not keep the process.
setTimeout(() => process.exit(), 200).unref()
