import { LANGUAGE_TABLE, languageNamed } from './runtimes.ts';

/**
 * The least that is accepted as a function's code, as path to text: for a function that has to be there before its zip can be
 * sent. It stands where the handler setting looks, so that the setting may be the zip's from the beginning. A runtime this version
 * does not know gets JavaScript; the server then says what it thinks of the runtime.
 */
export function standInCode(runtime: string, handler = 'index.handler'): Record<string, string> {
  const { endings, folderSeparator, failingModule } = LANGUAGE_TABLE[languageNamed(runtime) ?? 'nodejs'];
  const module = handler.slice(0, Math.max(0, handler.lastIndexOf('.'))) || 'index';
  return { [`${module.replaceAll(folderSeparator, '/')}${endings[0]}`]: failingModule('the code is being uploaded') };
}
