import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FIXTURES = resolve(import.meta.dirname, '../../fixtures/functions');
const FILES = { nodejs: ['index.mjs', 'index.js'], python: ['index.py'] } as const;

export type FixtureLanguage = keyof typeof FILES;
export const FIXTURE_LANGUAGES = ['nodejs', 'python'] as const satisfies readonly FixtureLanguage[];

/** The source of a fixture function in one language; throws when there is no such twin. */
export function fixture(name: string, language: FixtureLanguage): string {
  const path = FILES[language].map((file) => join(FIXTURES, name, file)).find((one) => existsSync(one));
  if (path === undefined) throw new Error(`no ${language} fixture ${name}`);
  return readFileSync(path, 'utf8');
}

/** Every Python file of a fixture that has several, by name. */
export function fixtureFiles(name: string): Record<string, string> {
  const folder = join(FIXTURES, name);
  const names = readdirSync(folder).filter((file) => file.endsWith('.py'));
  return Object.fromEntries(names.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
