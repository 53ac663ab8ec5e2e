import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { COPY_FORMS } from './copy-as.ts';

const CALL = {
  origin: 'http://127.0.0.1:8642',
  functionName: 'hello',
  event: `{"text": "it's $HOME \`id\` \\"quoted\\" \\\\ 5 > 3\\n", "emoji": "✓"}`,
};

function textOf(id: string): string {
  return COPY_FORMS.find((form) => form.id === id)!.textOf(CALL);
}

/** What a program named `name` is given when a shell runs the text. */
function argumentsSeen(name: string, text: string): string[] {
  const script = `${name}() { for one in "$@"; do printf '%s\\0' "$one"; done; }\n${text}`;
  const env = { COLDFRAME_KEY: 'the-key-of-the-environment', HOME: '/nowhere', PATH: '/nowhere' };
  return execFileSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' }).split('\0').slice(0, -1);
}

it('curl gets the event as it was, whatever stands in it, and the key from the environment', () => {
  const seen = argumentsSeen('curl', textOf('curl'));
  expect(seen).toContain('http://127.0.0.1:8642/api/v1/functions/hello/invoke');
  expect(seen.at(-1)).toBe(CALL.event);
  expect(seen).toContain('authorization: Bearer the-key-of-the-environment');
});

it('the command line gets the event as it was', () => {
  const seen = argumentsSeen('coldframe', textOf('cli'));
  expect(seen).toEqual(['invoke', 'hello', '--event', CALL.event]);
});

it('JavaScript and Python hold the event as a literal that reads back the same', () => {
  const literal = /body: (".*"),\n/.exec(textOf('javascript'))?.[1] ?? '';
  expect(JSON.parse(literal)).toBe(CALL.event);
  expect(textOf('python')).toContain(`data=${literal}.encode()`);
});

it('no form holds a key: each names COLDFRAME_KEY', () => {
  for (const { id } of COPY_FORMS) {
    expect(textOf(id)).not.toMatch(/\bcf_|\bcfs_/);
    if (id !== 'cli') expect(textOf(id)).toContain('COLDFRAME_KEY');
  }
});
