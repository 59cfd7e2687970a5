/** The newest job of each task and owner. */
import type { JobRecord } from '../store.ts'
import { Swept } from './swept.ts'

export class Newest {
  readonly #ids: Swept<string>

  /** Jobs that are not known any more are not answered. */
  constructor(isKnown: (id: string, now: number) => boolean) {
    this.#ids = new Swept((id, now) => !isKnown(id, now))
  }

  set({ id, task, owner }: JobRecord, now: number): void {
    this.#ids.set(JSON.stringify([task, owner]), id, now)
  }

  get(task: string, owner: string | null, now: number): string | null {
    return this.#ids.get(JSON.stringify([task, owner]), now) ?? null
  }
}
