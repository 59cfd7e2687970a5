// What every script here needs: one way to speak, one way to run a program, one way to be a command.
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(fileURLToPath(import.meta.url), '../..')

export const say = (text) => console.log(`lovage: ${text}`)

/** A program that this workspace installed. */
export const bin = (name) => path.join(root, 'node_modules/.bin', name)

/**
 * Run a program to its end, its output going where ours goes.
 *
 * Ctrl-C reaches the whole process group, so the child ends by itself; we stay to see how it ended.
 * A SIGTERM reaches us alone and is passed on.
 *
 * @returns its exit code; of a program killed by a signal 128 + the signal's number, as shells do
 */
export async function run(command, args = [], { env = process.env, cwd = root, stdio = 'inherit' } = {}) {
  const child = spawn(command, args, { cwd, env, stdio })
  const stay = () => {}
  const passOn = () => child.kill('SIGTERM')
  process.on('SIGINT', stay)
  process.on('SIGTERM', passOn)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]))
    })
  } finally {
    process.off('SIGINT', stay)
    process.off('SIGTERM', passOn)
  }
}

/** A failure whose message is all that the reader needs: no stack is shown for it. */
export class Plain extends Error {}

/** Run a program that must succeed. */
export async function must(what, command, args, options) {
  const code = await run(command, args, options)
  if (code !== 0) throw new Plain(`${what} failed (exit code ${code}).`)
}

/** Call `main` with the arguments when the module is the one that node was started with. */
export async function asCommand(moduleUrl, main) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(moduleUrl)) return
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0
  } catch (error) {
    console.error(error instanceof Plain ? `lovage: ${error.message}` : error)
    process.exitCode = 1
  }
}
