/**
 * The least that is accepted as a function's code, as path to text: for a function that has to be there before its zip can be
 * sent. It stands where the handler setting looks, so that the setting may be the zip's from the beginning.
 */
export function standInCode(runtime: string, handler = 'index.handler'): Record<string, string> {
  const module = handler.slice(0, Math.max(0, handler.lastIndexOf('.'))) || 'index';
  return runtime.startsWith('python')
    ? { [`${module.replaceAll('.', '/')}.py`]: 'raise RuntimeError("the code is being uploaded")\n' }
    : { [`${module}.js`]: 'throw new Error("the code is being uploaded");\n' };
}
