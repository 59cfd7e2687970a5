/** The hook by which users encrypt what their jobs carry, with keys of their own. */

/**
 * Makes texts unreadable and readable again. Both are called in the middle of batches, so they answer at once: fetch
 * keys before, not within. `aesGcm` of `@lovage/redis` is one that is ready to use.
 */
export interface Cipher {
  /**
   * Any text as another one, of letters, digits and `.` `-` `_` `~` alone (base64url, say). It must say by itself by
   * which key it was sealed: keys are replaced while jobs wait.
   *
   * @param about `owner`: whose job it is, for a key of each tenant's own; `null` where jobs have no owner.
   */
  seal(text: string, about: { owner: string | null }): string
  /** The text again. Throws when it was not sealed here, was altered, or its key is gone. */
  open(sealed: string): string
}
