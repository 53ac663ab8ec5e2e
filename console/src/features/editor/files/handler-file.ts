const ENDINGS = ['.mjs', '.js', '.cjs', '.py'];

/** The file that the handler setting names, else the first one. */
export function handlerFile(handler: string, paths: readonly string[]): string {
  const module = handler.slice(0, handler.lastIndexOf('.'));
  const names = ENDINGS.flatMap((ending) => [`${module}${ending}`, `${module.replaceAll('.', '/')}${ending}`]);
  return names.find((name) => paths.includes(name)) ?? paths[0] ?? '';
}
