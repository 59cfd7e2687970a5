/** Texts as the frames of a server (RFC 6455, 5.2), one behind the other: `ws` would write the head and the text of each by itself. */

/** The last of a message, and a text. */
const FIN_TEXT = 0x81
/** Longer ones say their length in two bytes more, or in eight. */
const SHORT_MAX = 125
const MEDIUM_MAX = 65_535

const headBytes = (bytes: number): number => (bytes <= SHORT_MAX ? 2 : bytes <= MEDIUM_MAX ? 4 : 10)

export function framed(texts: readonly string[]): Buffer {
  let total = 0
  const lengths = texts.map((text) => {
    const bytes = Buffer.byteLength(text)
    total += headBytes(bytes) + bytes
    return bytes
  })
  const frames = Buffer.allocUnsafe(total)
  let at = 0
  for (const [index, text] of texts.entries()) {
    at = writeHead(frames, at, lengths[index] as number)
    // Where each character is a byte it need not be looked at once more.
    at += frames.write(text, at, lengths[index] === text.length ? 'latin1' : 'utf8')
  }
  return frames
}

/** Where the text begins. */
function writeHead(frames: Buffer, at: number, bytes: number): number {
  frames[at] = FIN_TEXT
  if (bytes <= SHORT_MAX) frames[at + 1] = bytes
  else if (bytes <= MEDIUM_MAX) {
    frames[at + 1] = 126
    frames.writeUInt16BE(bytes, at + 2)
  } else {
    frames[at + 1] = 127
    frames.writeUInt32BE(0, at + 2)
    frames.writeUInt32BE(bytes, at + 6)
  }
  return at + headBytes(bytes)
}
