/** Whether Celery can play: it comes from Debian, and its part is `celery_player.py`. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Debian's own Python, where Debian's packages are found whatever else stands first on PATH. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** In one clause why not, or its version. */
export function celeryVersion(): { version: string } | { missing: string } {
  const code = 'import celery, redis; print(celery.__version__)'
  const { status, stdout } = spawnSync(PYTHON, ['-c', code], { encoding: 'utf8' })
  return status === 0
    ? { version: stdout.trim() }
    : { missing: 'python3-celery and python3-redis are not installed' }
}
