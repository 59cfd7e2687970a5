/** The path of a Valkey server; `undefined`: there is none here. */
export function findValkey(): string | undefined
