import { describe, expect, test } from 'vitest';
import { describeFindings, findAdvisories } from './advisories.ts';
import { inRange } from './version-range.ts';

describe('versions', () => {
  test.each([
    ['1.13.0', '1.13.0', '1.14.3', true],
    ['1.14.3', '1.13.0', '1.14.3', true],
    ['1.14.4', '1.13.0', '1.14.3', false],
    ['1.12.9', '1.13.0', '1.14.3', false],
    ['v1.9.10', null, '1.10.0', true],
    ['1.10', null, '1.9.99', false],
    ['1.2.0-rc.1', '1.2.0', null, false],
    ['1.2.0-rc.1', null, '1.2.0', true],
    ['1.1.5+ds1', null, '1.1.11', true],
    ['20.10.24+dfsg1', '20.10.24', '20.10.24', true],
    ['unknown', null, null, false],
  ])('%s is in %s to %s: %s', (version, from, to, expected) => {
    expect(inRange(version, { from, to })).toBe(expected);
  });
});

describe('advisories', () => {
  const ids = (version: string, jailer = true) =>
    findAdvisories('firecracker', version, jailer ? ['jailer'] : []).map(({ id, holdsHere }) => [id, holdsHere]);

  test('Firecracker: that of the jailer holds where there is a jail, that of virtio-pci is only named', () => {
    const discard = ['CVE-2026-122192', false];
    expect(ids('1.13.1')).toEqual([['CVE-2026-5747', false], ['CVE-2026-1386', true], discard]);
    expect(ids('1.13.1', false)).toEqual([['CVE-2026-5747', false], ['CVE-2026-1386', false], discard]);
    expect(ids('1.12.0')).toEqual([['CVE-2026-1386', true], discard]);
    expect(ids('1.14.0')).toEqual([['CVE-2026-5747', false], ['CVE-2026-1386', true], discard]);
    expect(ids('1.14.1')).toEqual([['CVE-2026-5747', false], discard]);
    expect(ids('1.15.0')).toEqual([['CVE-2026-5747', false], discard]);
    expect(ids('1.14.4')).toEqual([discard]);
    expect(ids('1.15.1')).toEqual([discard]);
    expect(ids('1.16.2')).toEqual([]);
  });

  test('a build of a distribution is named and never held against it', () => {
    expect(findAdvisories('runc', '1.1.5+ds1', ['foreign-image'])).toMatchObject([
      { id: 'CVE-2024-21626', holdsHere: false },
      { id: 'CVE-2025-31133', holdsHere: false },
      { id: 'CVE-2026-41579', holdsHere: false },
      { id: 'CVE-2026-119101', holdsHere: false },
      { id: 'CVE-2026-135844', holdsHere: false },
    ]);
    expect(findAdvisories('runc', '1.1.5', ['foreign-image'])[0]).toMatchObject({ holdsHere: true });
  });

  test.each([
    ['docker', '18.09.1', ['CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '20.10.27', ['CVE-2024-41110', 'CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '20.10.28', ['CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '23.0.15', ['CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '26.0.3', ['CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '27.1.0', ['CVE-2024-41110', 'CVE-2026-34040', 'CVE-2026-33997']],
    ['docker', '29.3.1', []],
    ['runc', '1.2.8', ['CVE-2026-41579', 'CVE-2026-119101', 'CVE-2026-135844']],
    ['runc', '1.4.0-rc.2', ['CVE-2025-31133', 'CVE-2026-41579', 'CVE-2026-119101', 'CVE-2026-135844']],
    ['runc', '1.4.3', ['CVE-2026-119101', 'CVE-2026-135844']],
    ['runc', '1.5.3', ['CVE-2026-135844']],
    ['runc', '1.6.0', []],
  ] as const)('%s %s: what is mended in a branch is not told of it', (component, version, expected) => {
    expect(findAdvisories(component, version, []).map(({ id }) => id)).toEqual(expected);
  });

  test('people are told the number, what it is, and whether it applies', () => {
    expect(describeFindings(findAdvisories('firecracker', '1.12.0', ['jailer']))).toMatch(
      /CVE-2026-1386 .*applies here/,
    );
    expect(describeFindings([])).toBe('');
  });
});
