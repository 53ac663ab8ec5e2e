/** Names that a POSIX shell can set and hand on as they are. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that sh, be it dash, bash or busybox, refuses to set, changes, or talks about. */
const SHELLS_OWN =
  /^(?:_|OPTIND|PPID|UID|EUID|GROUPS|SHELLOPTS|BASH.*|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH.*|FUNCNAME|DIRSTACK|HISTCMD|COMP_.*|LC_ALL|POSIXLY_CORRECT)$/;

/**
 * Pure: a program for `sh -s` that becomes the command in its arguments with exactly these variables. It goes by stdin and not by
 * arguments, which every user of the host can read in /proc. What it reads is its last input: the command's stdin is empty. The
 * few names that shells keep for themselves are set by env(1), on its command line, until it has become the command.
 */
export function environmentScript(env: Record<string, string>): string {
  const all = Object.entries(env);
  const isPlain = (name: string): boolean => PLAIN_NAME.test(name) && !SHELLS_OWN.test(name);
  const plain = all.filter(([name]) => isPlain(name));
  const others = all.filter(([name]) => !isPlain(name));
  const unset = 'unset PATH PWD OLDPWD SHLVL';
  const exports = plain.map(([name, value]) => `export ${name}=${quoted(value)}`);
  const setter = others.length === 0 ? '' : `/usr/bin/env -- ${others.map((one) => quoted(one.join('='))).join(' ')} `;
  return `${[unset, ...exports, `exec ${setter}"$@" </dev/null`].join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
