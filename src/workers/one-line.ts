import { redactedText } from './secret-text.ts';

const CHARS_MAX = 4096;

/** A text as one readable line without secrets, for summaries; null for a text without any sign. */
export function oneLine(text: string): string | null {
  // A summary is cut far shorter than this (guard-table.ts); texts may be megabytes.
  const line = redactedText(text.slice(0, CHARS_MAX))
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
  return line === '' ? null : line;
}
