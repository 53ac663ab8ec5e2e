import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { environmentScript } from './environment-script.ts';

const SHELLS = ['/bin/sh', '/bin/bash', '/bin/busybox'].filter((path) => existsSync(path));

function run(shell: string, env: Record<string, string>) {
  const words = shell.endsWith('busybox') ? ['sh', '-s'] : ['-s'];
  const program = 'process.stdout.write(JSON.stringify({ env: process.env, argv: process.argv.slice(1) }))';
  const { stdout, stderr } = spawnSync(shell, [...words, process.execPath, '-e', program, "it's", '$x'], {
    input: environmentScript(env),
    env: { PATH: '/usr/bin:/bin', LEAKED: 'no' },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { env: Record<string, string>; argv: string[] };
}

describe.each(SHELLS)('%s', (shell) => {
  test('sets values byte for byte, whatever they hold, and hands on the arguments', () => {
    const env = {
      QUOTES: `a'b"c\\d$HOME\`id\`$(id)`,
      LINES: 'one\ntwo\n\n',
      EMPTY: '',
      UNICODE: 'Grüße 你好 \u{1f600}',
      LATIN: '\u0081\u0082\u0088',
      IFS: 'x',
      PATH: '/nowhere',
      PWD: '/kept',
    };
    const got = run(shell, { ...env });
    expect(got.env).toMatchObject(env);
    expect(got.argv).toEqual(["it's", '$x']);
  });

  test('carries names that shells keep for themselves, too', () => {
    const env = { OPTIND: 'x', UID: '7', PPID: '8', RANDOM: 'r', 'with.dot': 'd', LC_ALL: 'xx_XX.UTF-8' };
    expect(run(shell, env).env).toMatchObject(env);
  });
});

test('plain variables are on no command line', () => {
  expect(environmentScript({ SECRET: 'value' })).toBe(
    'unset PATH PWD OLDPWD SHLVL\nexport SECRET=\'value\'\nexec "$@" </dev/null\n',
  );
});
