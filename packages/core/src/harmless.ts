/** Other people's words on a person's terminal. */

// oxlint-disable-next-line no-control-regex -- those are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Whatever came from jobs is somebody else's text: what would steer the terminal is shown, not obeyed. */
export const harmless = (text: string): string =>
  text.replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
