// A Chromium for the tests in a browser: finds one, or installs Debian's.
// As a command: `node scripts/chromium.mjs` says where it is.
import { aptInstall, aptPrefix } from './apt.mjs'
import { isExecutable, onPath } from './find.mjs'
import { asCommand, Plain, say } from './run.mjs'

/**
 * The path of a Chromium: `CHROMIUM`, or one found on PATH.
 *
 * @throws Plain that says what to install
 */
export function findChromium() {
  const named = process.env.CHROMIUM
  if (named && isExecutable(named)) return named
  if (named) throw new Plain(`CHROMIUM is ${named}, and that is no program that can be run.`)
  const found = onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome')
  if (found) return found
  throw new Plain(advice)
}

/** The same, and where there is none Debian's, installed now. */
export async function ensureChromium() {
  if (process.env.CHROMIUM) return findChromium()
  try {
    return findChromium()
  } catch (error) {
    const asRoot = aptPrefix()
    if (!asRoot) throw error
    say('no chromium on PATH: installing Debian’s chromium with apt-get')
    await aptInstall('chromium', asRoot, advice)
    return findChromium()
  }
}

const advice = `A Chromium is needed for the tests in a browser, and none was found on PATH. Install one:
  Debian           sudo apt-get install chromium
  Ubuntu           sudo snap install chromium
  macOS            brew install --cask chromium
  Fedora           sudo dnf install chromium
or name one that you have: CHROMIUM=/path/to/chromium`

await asCommand(import.meta.url, async () => say(`Chromium is ${await ensureChromium()}`))
