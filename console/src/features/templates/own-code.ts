import type { Language } from '../../../../src/domain/runtimes.ts';
import type { Template } from '../../shared/api/types.ts';

export const OWN_TOPIC = 'own';

const STARTERS: Record<Language, Record<string, string>> = {
  nodejs: { 'index.mjs': 'export const handler = async (event) => {\n  return event;\n};\n' },
  python: { 'index.py': 'def handler(event, context):\n    return event\n' },
};

/** Where a person pastes or drops code of their own: a template like the others, with the least that runs. */
export function ownCode(language: Language): Template {
  return {
    name: `own-${language}`,
    topic: OWN_TOPIC,
    language,
    description: 'Your own code: paste it, or drop files or a zip here',
    manifest: { name: 'my-function', runtime: language, handler: 'index.handler' },
    files: STARTERS[language],
    events: [],
  };
}
