/** Three bytes a character, so that 30 of them in one request stay below a server's limit of 1 MiB. */
const LARGE_CHARS = 10_922

/** Whether others would wait for it: it travels by itself. */
export const isLarge = (text: string): boolean => text.length > LARGE_CHARS
