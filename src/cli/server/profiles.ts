import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError, EXIT } from '../exit-code.ts';

export interface Profile {
  url: string;
  key: string;
}

export interface Profiles {
  current: string | null;
  profiles: Record<string, Profile>;
}

/** What `coldframe login` saved; an absent file is no profile, a broken one an error that names it. */
export function readProfiles(path: string): Profiles {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { current: null, profiles: {} };
  }
  try {
    const parsed = JSON.parse(text) as Partial<Profiles>;
    return { current: parsed.current ?? null, profiles: parsed.profiles ?? {} };
  } catch {
    throw new CliError(EXIT.usage, `${path} is not valid JSON.`, 'Delete it and run `coldframe login` again.');
  }
}

/** Keys are in it, so only the owner may read it. */
export function writeProfiles(path: string, profiles: Profiles): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A new file beside it: never half of one, and a file that others may read never holds a key.
  const temporary = `${path}.${process.pid}.new`;
  try {
    writeFileSync(temporary, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
