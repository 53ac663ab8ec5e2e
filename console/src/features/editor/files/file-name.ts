const PATH_MAX_CHARS = 255;

/** Why this cannot be the path of a new file; null when it can. The server decides; this only saves the way to it. */
export function fileNameProblem(path: string, taken: readonly string[]): string | null {
  if (path === '') return 'Give the file a name.';
  if (path.length > PATH_MAX_CHARS) return `A path has at most ${PATH_MAX_CHARS} characters.`;
  if (/[\x00-\x1f\x7f\\]/.test(path)) return 'A path holds no backslashes or control characters.';
  if (path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'Give a path inside the package, like lib/prices.js.';
  if (taken.includes(path)) return 'There is a file of that name.';
  if (taken.some((one) => one.startsWith(`${path}/`) || path.startsWith(`${one}/`)))
    return 'That name is a folder here, or a file where this needs a folder.';
  return null;
}
