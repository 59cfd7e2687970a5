/** The full path of a program, or nothing when PATH has none of that name. */
export function onPath(name: string): string | undefined
