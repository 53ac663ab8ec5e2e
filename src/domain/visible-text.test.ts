import { describe, expect, it } from 'vitest';
import { visibleText } from './visible-text.ts';

describe('visible text', () => {
  it.each([
    ['escape sequences and carriage returns', '\u001b[31mred\u001b[0m\r', '\\x1b[31mred\\x1b[0m\\x0d'],
    ['overrides of direction', 'safe\u202egnp.exe', 'safe\\u202egnp.exe'],
    ['marks and isolates of direction', 'a\u200fb\u2066c\u061cd', 'a\\u200fb\\u2066c\\u061cd'],
    ['zero widths', 'pass\u200bword\ufeff\u2060', 'pass\\u200bword\\ufeff\\u2060'],
    ['joiners between letters that do not join', 'pay\u200dpal \u200c', 'pay\\u200dpal \\u200c'],
    ['a second joiner in a row', 'می\u200c\u200cخواهم', 'می\u200c\\u200cخواهم'],
    ['a joiner that joins nothing', '👩\u200d', '👩\\u200d'],
    ['letters hidden as tags', 'hi\u{e0041}\u{e0042}', 'hi\\u{e0041}\\u{e0042}'],
    ['bytes hidden as selectors', 'a\u{e0101}', 'a\\u{e0101}'],
    ['separators that end lines in some editors', 'a\u2028b', 'a\\u2028b'],
    ['soft hyphens', 'a\u00adb', 'a\\xadb'],
  ])('writes out %s', (_, text, shown) => {
    expect(visibleText(text, true)).toBe(shown);
  });

  it.each([
    ['other languages and HTML', 'a <b>ü 你好 Привет'],
    ['joined emoji', '👩‍🚒 👨‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍💻 ❤️‍🔥'],
    ['flags of regions', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['Persian', 'می‌خواهم ه‍'],
    ['Hindi, Bengali, Sinhala and Malayalam', 'क्‍ष र‍্য ශ්‍රී ന്‍'],
    ['Arabic signs of numbers', '\u0600\u0661'],
    ['rare forms of Han letters', '葛\u{e0100}'],
  ])('leaves %s as they are', (_, text) => {
    expect(visibleText(text)).toBe(text);
  });

  it('line feeds and tabs are text where lines are', () => {
    expect(visibleText('a\n\tb', true)).toBe('a\n\tb');
    expect(visibleText('a\n\tb')).toBe('a\\x0a\\x09b');
  });
});
