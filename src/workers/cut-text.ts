const CUT_MARK = '… [cut]';

/** The text, or its beginning with a mark behind it where its UTF-8 form has more than `maxBytes`; never half a character. */
export function cutText(value: string, maxBytes: number): string {
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  if (value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes) return value;
  // No more units than bytes can be needed: most of a huge text is never encoded.
  const bytes = Buffer.from(value.slice(0, maxBytes));
  let end = maxBytes - Buffer.byteLength(CUT_MARK);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + CUT_MARK;
}
