import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliConfig } from '../../config/cli-config.ts';
import { findServer } from './find-server.ts';
import { writeProfiles } from './profiles.ts';

let home: string;
let config: CliConfig;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'coldframe-find-'));
  config = {
    url: null,
    key: null,
    dataDir: null,
    profilesPath: join(home, 'profiles.json'),
    xdgDataHome: home,
  } as CliConfig;
});
afterEach(() => rmSync(home, { recursive: true }));

function lay(folder: string, mode: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'server.json'), JSON.stringify({ url: 'http://127.0.0.1:1' }));
  writeFileSync(join(folder, 'admin.key'), 'cf_planted');
  chmodSync(folder, mode);
}

describe('a server on this machine', () => {
  it('is found in a private data directory of this user', () => {
    lay(join(home, 'coldframe'), 0o700);
    expect(findServer({}, config)).toMatchObject({ url: 'http://127.0.0.1:1', key: 'cf_planted' });
  });

  it.each([0o755, 0o777, 0o770])('is not believed in a directory that others may enter (%o)', (mode) => {
    lay(join(home, 'coldframe'), mode);
    expect(() => findServer({}, config)).toThrow('No Coldframe server was found');
  });

  it('is not believed behind a link', () => {
    lay(join(home, 'elsewhere'), 0o700);
    symlinkSync(join(home, 'elsewhere'), join(home, 'coldframe'));
    expect(() => findServer({}, config)).toThrow('No Coldframe server was found');
  });

  it.runIf(process.getuid?.() === 0)('is not believed in a directory of another user (needs root)', async () => {
    const folder = join(home, 'coldframe');
    lay(folder, 0o700);
    const { chownSync } = await import('node:fs');
    chownSync(folder, 65_534, 65_534);
    expect(() => findServer({}, config)).toThrow('No Coldframe server was found');
  });

  it('is believed where it is named', () => {
    lay(join(home, 'named'), 0o755);
    expect(findServer({ dataDir: join(home, 'named') }, config).key).toBe('cf_planted');
  });
});

it('saved keys are never in a file that others may read, also where an older one was', () => {
  writeFileSync(config.profilesPath, '{}', { mode: 0o644 });
  writeProfiles(config.profilesPath, { current: 'a', profiles: { a: { url: 'http://a', key: 'secret' } } });
  expect(statSync(config.profilesPath).mode & 0o777).toBe(0o600);
  expect(readFileSync(config.profilesPath, 'utf8')).toContain('secret');
});
