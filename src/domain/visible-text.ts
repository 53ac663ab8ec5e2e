/** Scripts whose letters join, where U+200C and U+200D decide how a word is written (Persian, Hindi, Bengali, Sinhala ...). */
const JOINING_SCRIPTS = [
  ['Arabic', 'Syriac', 'Nko', 'Mongolian', 'Mandaic'],
  ['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala'],
  ['Khmer', 'Myanmar', 'Balinese', 'Javanese', 'Tibetan'],
]
  .flat()
  .map((script) => `\\p{Script=${script}}`)
  .join('');

const PICTURE = '\\p{Extended_Pictographic}(?:\\ufe0f|\\p{Emoji_Modifier})?';
/** 👩‍🚒: pictures joined into one. */
const JOINED_EMOJI = `${PICTURE}(?:\\u200d${PICTURE})+`;
/** 🏴󠁧󠁢󠁥󠁮󠁧󠁿: a black flag and the letters of a region, at most a handful. */
const REGION_FLAG = '\\u{1f3f4}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{3,6}\\u{e007f}';
const JOINER = `(?<=[${JOINING_SCRIPTS}])[\\u200c\\u200d]`;
/** Signs of numbers and verses that stand before other letters: format characters by name, but seen by everybody. */
const SEEN_FORMAT = '[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]';
/** Rare forms of Han letters. Anywhere else these selectors are an invisible channel. */
const HAN_FORM = '\\p{Script=Han}[\\u{e0100}-\\u{e01ef}]';

/** Controls, format characters (directions, joiners, tags, zero widths), line separators and stray selectors. */
const HIDDEN = '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\u{e0100}-\\u{e01ef}]';

const KEPT_OR_HIDDEN = new RegExp(
  `(${[JOINED_EMOJI, REGION_FLAG, JOINER, SEEN_FORMAT, HAN_FORM].join('|')})|${HIDDEN}`,
  'gu',
);

/**
 * Text from a function or a server as a person may be shown it: what is invisible, steers a terminal or turns the direction of
 * text is written out (`\x1b`, `\u202e`), so output can neither move the cursor nor pose as ours. Joined emoji and the joiners
 * of scripts that need them stay whole. Line feeds and tabs stay where `isMultiline`.
 */
export function visibleText(text: string, isMultiline = false): string {
  return text.replace(KEPT_OR_HIDDEN, (found: string, kept: string | undefined) => {
    if (kept !== undefined || (isMultiline && (found === '\n' || found === '\t'))) return found;
    const code = found.codePointAt(0)!;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x1_0000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
