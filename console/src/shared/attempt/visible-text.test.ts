import { expect, it } from 'vitest';
import { visibleText } from './visible-text.ts';

it('writes out what a terminal or the direction of text would act on', () => {
  expect(visibleText('\u001b[31mred\u001b[0m\r')).toBe('\\x1b[31mred\\x1b[0m\\x0d');
  expect(visibleText('safe\u202egnp.exe')).toBe('safe\\u202egnp.exe');
});

it('leaves lines, tabs, HTML and other languages as they are', () => {
  const text = 'a\n\tb <b>ü 你好 👩‍🚒'.replace('\u200d', '');
  expect(visibleText(text)).toBe(text);
});
