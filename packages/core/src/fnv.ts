/** FNV-1a over the characters of a text: 32 bits that tell texts apart, and no secret. Stored jobs and pages go by it. */
export function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01_00_01_93)
  return hash >>> 0
}
