/**
 * Text that came from a function or a server, made safe for a terminal: control characters (escape sequences, carriage
 * returns, bidirectional overrides) are shown as escapes, so output can neither move the cursor nor pose as ours. Line
 * feeds and tabs stay where `isMultiline`.
 */
export function escapeControl(text: string, isMultiline = false): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    if (isMultiline && (character === '\n' || character === '\t')) return character;
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
