/** A small disk that can be filled. Needs root: without it there is none. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Small enough to be filled in a moment, large enough for the append-only files of two servers and their rewrites. */
const DISK_MB = 256

export class SmallDisk {
  readonly #ballast: string
  readonly #keeper: ChildProcess

  private constructor(folder: string) {
    this.#ballast = join(folder, 'ballast')
    // It outlives the director, whatever ends him, just long enough to take the disk away.
    const act = 'cat > /dev/null; umount --lazy "$0"'
    this.#keeper = spawn('sh', ['-c', act, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  }

  static mount(folder: string): SmallDisk | null {
    const args = ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder]
    return spawnSync('mount', args, { stdio: 'ignore' }).status === 0 ? new SmallDisk(folder) : null
  }

  /** Takes what is left of it. */
  fill(): void {
    spawnSync('dd', ['if=/dev/zero', `of=${this.#ballast}`, 'bs=64k'], { stdio: 'ignore' })
  }

  free(): void {
    writeFileSync(this.#ballast, '')
    rmSync(this.#ballast)
  }

  async unmount(): Promise<void> {
    const gone = once(this.#keeper, 'exit')
    this.#keeper.stdin?.end()
    await gone
  }
}
